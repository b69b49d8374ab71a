"""Canvases: boxes lie where the faces are, and the same key gives the same canvas."""

from __future__ import annotations

import numpy as np
import pytest

from training.detector import geometry
from training.detector.backgrounds import (
    TRAINING_PHOTOGRAPHS,
    VALIDATION_PHOTOGRAPHS,
    Backgrounds,
    free_rectangles,
    photographs,
    scrambled,
)
from training.detector.canvas import Canvas, lay
from training.detector.compose import Composer
from training.detector.dataset import FACE, IGNORED, NOTHING, Canvases, collate
from training.detector.geometry import Turn
from training.detector.sources import FaceSet, Split, identity
from training.sampling import Key, rng_of


@pytest.fixture(scope="module")
def composer(scenes: FaceSet) -> Composer:
    return Composer(
        [scenes], Backgrounds([scenes], photographs(TRAINING_PHOTOGRAPHS[:2])), 160, 128
    )


def test_a_turned_face_is_bounded_as_an_ellipse() -> None:
    """The box is that of the ellipse, found here by carrying its outline point by point."""
    rng = np.random.default_rng(0)
    box = np.array([10.0, 20, 50, 80], np.float32)
    t = np.linspace(0, 2 * np.pi, 20_000)
    outline = np.stack([30 + 20 * np.cos(t), 50 + 30 * np.sin(t), np.ones_like(t)], axis=1)
    for _ in range(20):
        matrix = geometry.placed(box, Turn.draw(rng), rng.uniform(10, 300), (100.0, 90.0))
        there = outline @ matrix.T
        expected = np.concatenate([there.min(axis=0), there.max(axis=0)])
        assert np.allclose(geometry.carried(box[None], matrix)[0], expected, atol=1e-2)


def test_placing_puts_the_middle_and_the_height_where_they_were_asked() -> None:
    box = np.array([10.0, 20, 50, 80], np.float32)
    found = geometry.carried(box[None], geometry.placed(box, Turn(), 120.0, (70.0, 60.0)))[0]
    assert found == pytest.approx([70 - 40, 0, 70 + 40, 120], abs=1e-4)


def test_a_flip_mirrors() -> None:
    box = np.array([10.0, 20, 50, 80], np.float32)
    matrix = geometry.placed(box, Turn(flip=True), 60.0, (0.0, 0.0))
    assert matrix @ [10, 50, 1] == pytest.approx([20, 0])


def test_reduced_decoding_does_not_move_a_face(scenes: FaceSet) -> None:
    """Small faces come from pictures that were shrunk as they were decoded: to the same place."""
    entry = scenes.entries[0]
    box = entry.boxes[0]
    middles = []
    for reduce in (1, 2):
        canvas = np.zeros((64, 64, 3), np.uint8)
        picture = scenes.read(entry.name, reduce)
        matrix = geometry.placed(box, Turn(), 20.0, (32.0, 32.0))
        grown = np.array([[reduce, 0, (reduce - 1) / 2], [0, reduce, (reduce - 1) / 2], [0, 0, 1]])
        lay(canvas, (0, 0, 64, 64), picture, matrix @ grown, [])
        bright = canvas.astype(float).mean(axis=2) > 150
        middles.append(np.argwhere(bright).mean(axis=0))
    assert np.abs(middles[0] - middles[1]).max() < 0.5
    assert np.abs(middles[1] - 32).max() < 1.0


def test_barely_visible_faces_are_ignored() -> None:
    canvas = Canvas(np.zeros((100, 100, 3), np.uint8))
    boxes = np.array([[10, 10, 40, 50], [90, 10, 120, 50], [70, 10, 104, 50], [10, 60, 16, 68],
                      [200, 0, 230, 40]], np.float32)  # fmt: skip
    canvas.add(boxes, np.ones(5, bool), (0, 0, 100, 100))
    _, sure = canvas.arrays()
    assert sure.tolist() == [True, False, True, False]
    canvas.hidden_outside((20, 0, 100, 100))
    found, sure = canvas.arrays()
    assert found[0].tolist() == boxes[0].tolist() and sure[0]
    canvas.hidden_outside((25, 0, 100, 100))
    assert not canvas.arrays()[1][0]


def test_canvases_follow_from_their_key(composer: Composer) -> None:
    one, again = (composer.compose(rng_of(3, Key(1, 7))) for _ in range(2))
    other = composer.compose(rng_of(3, Key(2, 7)))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_canvases_are_whole_and_a_share_has_no_face(composer: Composer) -> None:
    counts = []
    for index in range(120):
        image, boxes, sure = composer.compose(rng_of(0, Key(0, index)))
        assert image.shape == (128, 160, 3) and image.dtype == np.uint8
        assert boxes.shape == (len(sure), 4) and np.isfinite(boxes).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        seen = geometry.visible(boxes[sure], np.array([-0.5, -0.5, 159.5, 127.5]))
        assert (seen > 0.59).all()
        counts.append(len(boxes))
    assert 0.12 < np.mean(np.array(counts) == 0) < 0.5


def test_a_share_of_the_faces_is_small_when_asked(scenes: FaceSet) -> None:
    backgrounds = Backgrounds([scenes], photographs(TRAINING_PHOTOGRAPHS))

    def heights(small: float) -> np.ndarray:
        composer = Composer([scenes], backgrounds, 320, 256, empty=0, mosaic=0, small=small)
        boxes = [composer.compose(rng_of(3, Key(0, i)))[1] for i in range(120)]
        # The first of a canvas is the one that the share is about.
        return np.array([b[0, 3] - b[0, 1] for b in boxes if len(b)])

    assert (heights(1.0) < 45).mean() > 0.9
    assert (heights(0.0) < 45).mean() < 0.6


def test_backgrounds_touch_no_face() -> None:
    boxes = np.array([[40.2, 30, 70, 60.4], [60, 50, 90, 80]], np.float32)
    free = free_rectangles(boxes, 120, 110)
    assert len(free) == 4
    overlap = geometry.iou(boxes, free.astype(np.float32) - [0.5, 0.5, 0.5, 0.5])
    assert overlap.max() < 0.02


def test_scrambled_parts_are_the_same_pixels_elsewhere() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    out = scrambled(image, np.random.default_rng(1))
    assert out.shape == image.shape and (out != image).mean() > 0.5
    assert np.array_equal(np.sort(out.ravel()), np.sort(image.ravel()))


def test_photographs_of_validation_are_not_trained_on() -> None:
    assert not set(TRAINING_PHOTOGRAPHS) & set(VALIDATION_PHOTOGRAPHS)
    assert all(image.ndim == 3 for image in photographs(VALIDATION_PHOTOGRAPHS))


def test_a_batch_is_filled_up(composer: Composer) -> None:
    canvases = Canvases(composer, 6, seed=0)
    samples = [canvases[Key(0, i)] for i in range(6)]
    batch = collate(samples)
    assert batch.image.shape == (6, 3, 128, 160)
    for i, sample in enumerate(samples):
        n = len(sample.kinds)
        assert batch.kinds[i, :n].tolist() == sample.kinds.tolist()
        assert set(batch.kinds[i, n:].tolist()) <= {NOTHING}
        assert set(sample.kinds.tolist()) <= {FACE, IGNORED}


def test_people_are_split_by_name() -> None:
    names = [
        f"{who}/{who}_{i:04d}.jpg" for who in ("Ada_L", "Bob_M", "Cy_N", "Di_O") for i in (1, 2)
    ]
    sides = [Split(side).wants(names) for side in (True, False)]
    assert sides[0] | sides[1] == set(names) and not sides[0] & sides[1]
    assert {identity(n) for n in sides[0]} & {identity(n) for n in sides[1]} == set()
    listed = Split(True, frozenset({"Cy_N"})).wants(names)
    assert listed == {"Cy_N/Cy_N_0001.jpg", "Cy_N/Cy_N_0002.jpg"}
    assert identity("Ada_L_03.jpg") == "Ada_L"
    assert identity("21_0_1_20170110.jpg.chip.jpg") == "21_0_1_20170110.jpg.chip"
