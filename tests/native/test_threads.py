"""Kernels let other threads run, and do not disturb each other."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import native

RANDOM = np.random.default_rng(0)
FRAME = RANDOM.integers(0, 256, (256, 256, 3), np.uint8)
GALLERY = RANDOM.normal(size=(4000, 512)).astype(np.float32)
PLANES = RANDOM.normal(size=(25, 100, 100)).astype(np.float32)
BOXES = np.concatenate([p := RANDOM.uniform(size=(20_000, 2)), p + 0.001], 1).astype(np.float32)
SCORES = RANDOM.uniform(size=20_000).astype(np.float32)
COLOURS = {"mean": (0, 0, 0), "std": (1, 1, 1), "swap_rb": False, "border": None}
SHRINK = np.array([[1 / 20, 0, 0], [0, 1 / 20, 0]])

# Each of these takes long enough for another thread to be seen running meanwhile.
LONG_CALLS = {
    "warp": lambda: native.warp(FRAME, SHRINK, 2500, 2500, **COLOURS),
    "warp_u8": lambda: native.warp_u8(FRAME, SHRINK, 2500, 2500, border=0),
    "align": lambda: native.align(
        FRAME,
        np.array([[0, 0], [200, 0]], np.float64),
        np.array([[0, 0], [10, 0]], np.float64),
        2500,
        2500,
        **COLOURS,
    ),
    "match": lambda: native.match(GALLERY[0], np.broadcast_to(GALLERY[1], (400_000, 512)), 2),
    "nms": lambda: native.nms(BOXES, SCORES, score_threshold=0, iou_threshold=0.5, top_k=20_000),
    "decode_distances": lambda: native.decode_distances(
        PLANES[:5] + 9,
        PLANES[:20],
        centre=0.5,
        score_threshold=0.5,
        iou_threshold=1.0,
        top_k=100_000,
    ),
    "decode_yolo": lambda: native.decode_yolo(
        PLANES,
        np.full((5, 2), 0.01, np.float32),
        score_threshold=0.6,
        iou_threshold=0.9,
        top_k=100_000,
    ),
}


@pytest.mark.parametrize("name", LONG_CALLS)
def test_other_threads_run_during_a_call(name):
    """Ticks of this thread that fall inside the call, away from its ends, need the GIL."""
    span = []

    def work():
        span.append(time.perf_counter())
        LONG_CALLS[name]()
        span.append(time.perf_counter())

    worker = threading.Thread(target=work)
    ticks = []
    worker.start()
    while worker.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.0005)
    worker.join()
    start, end = span
    assert end - start > 0.01, "the call is too short to prove anything"
    margin = 0.2 * (end - start)
    assert any(start + margin < tick < end - margin for tick in ticks)


def test_threads_get_their_own_answers():
    angles = np.linspace(0, 3, 64)

    def crop(angle):
        c, s = np.cos(angle), np.sin(angle)
        matrix = np.array([[c, -s, 60], [s, c, 10]])
        return native.warp(FRAME, matrix, 96, 96, **COLOURS)

    def best(row):
        return native.match(GALLERY[row], GALLERY[:500], 3)[0].tolist()

    with ThreadPoolExecutor(4) as pool:
        crops = pool.map(crop, angles)
        bests = pool.map(best, range(64))
        for angle, got in zip(angles, crops, strict=True):
            np.testing.assert_array_equal(got, crop(angle))
        for row, got in enumerate(bests):
            assert got[0] == row and got == best(row)
