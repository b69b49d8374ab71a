"""Blinks of real people are counted, and pictures have none, however they are swung."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.motion import coded
from edge.demo.printed import Hand, held_up, portrait
from edge.faces.blink import blinks
from edge.faces.detect import detect
from edge.life import track_blinks
from edge.packs import Pack
from tests.edge.liveness.helpers import SHARED, Followed, halved, read

FPS = 30.0


def eyes(*spans: tuple[int, float], noise: float = 0.0) -> list[tuple[float, float]]:
    """Openness of both eyes: so many frames at such a level."""
    rng = np.random.default_rng(4)
    levels = [level for count, level in spans for _ in range(count)]
    return [(40 * v + noise * rng.normal(), 36 * v + noise * rng.normal()) for v in levels]


def count(
    values: list[tuple[float, float]], yaws: list[float] | None = None, fps: float = FPS
) -> int:
    times = [i / fps for i in range(len(values))]
    return len(blinks(times, values, yaws or [0.0] * len(values)))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (eyes((15, 1), (4, 0.7), (15, 1)), 1),
        (eyes((15, 1), (4, 0.7), (15, 1), (4, 0.7), (15, 1)), 2),
        (eyes((15, 1), (1, 0.7), (15, 1)), 0),  # one frame may be noise
        (eyes((15, 1), (20, 0.7), (15, 1)), 0),  # closed for long
        (eyes((15, 1), (4, 0.9), (15, 1)), 0),  # hardly closed
        (eyes((10, 0.7), (30, 1)), 0),  # closed from the start, then opened
        (eyes((30, 1), (10, 0.7)), 0),  # closed, and not seen open again
        (eyes((15, 1), (4, 0.8), (15, 0.8)), 0),  # looks down and stays so
        (eyes((40, 1)), 0),
        (eyes((4, 1)), 0),
        ([], 0),
    ],
)
def test_a_blink_is_open_shut_open(values: list[tuple[float, float]], found: int) -> None:
    assert count(values) == found


def test_one_eye_alone_is_a_wink_and_no_blink() -> None:
    both = eyes((15, 1), (4, 0.7), (15, 1))
    assert count([(left, 36.0) for left, _ in both]) == 0


def test_the_level_is_the_persons_own() -> None:
    """Glasses and narrow eyes: any level at all, and one that drifts."""
    for level in (0.1, 1.0, 5.0):
        small = [(a * level, b * level) for a, b in eyes((15, 1), (4, 0.7), (15, 1))]
        assert count(small) == 1
    drift = eyes((15, 1), (4, 0.7), (15, 1))
    assert count([(a * (1 - i / 150), b * (1 - i / 150)) for i, (a, b) in enumerate(drift)]) == 1


def test_a_dip_within_a_turn_is_no_blink() -> None:
    values = eyes((15, 1), (4, 0.7), (15, 1))
    turn = [min(max(i - 10, 0), 12) * 1.0 for i in range(len(values))]
    assert count(values) == 1 and count(values, turn) == 0


def test_slow_cameras_show_no_blinks() -> None:
    assert count(eyes((6, 1), (1, 0.7), (6, 1)), fps=8) == 0


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 4.0))
def test_noise_alone_does_not_blink(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    values = [(40 + noise * a, 36 + noise * b) for a, b in rng.normal(size=(60, 2))]
    assert count(values) == 0


def test_a_living_person_who_blinks_is_seen_to(films: Path, followed: Followed) -> None:
    """single_face.mp4 blinks once, frames 25 to 29."""
    tracks = followed(halved(read(films / "single_face.mp4")), FPS)
    found = {b for track in tracks for b in track_blinks(track)}
    assert found and all(24 / FPS <= begin <= end <= 29.5 / FPS for begin, end in found)


@pytest.mark.shared
def test_a_blink_of_a_small_face_is_seen(followed: Followed) -> None:
    """Faces of 67 pixels; brother.mkv blinks at frame 45."""
    tracks = followed(read(SHARED / "data/clips/brother.mkv"), FPS)
    found = {b for track in tracks for b in track_blinks(track)}
    assert found and all(1.45 < begin <= end < 1.65 for begin, end in found)


@pytest.mark.parametrize("sway", [0.0, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("coder", [False, True])
def test_no_print_blinks(
    films: Path, pack: Pack, followed: Followed, sway: float, coder: bool
) -> None:
    picture = halved(read(films / "single_face.mp4", 4, 4))[0]
    box = detect(pack, picture)[0][0]
    shown = held_up(portrait(picture, box), frames=50, seed=7, hand=Hand(sway=sway))
    tracks = followed(coded(shown) if coder else shown, FPS)
    assert len(tracks) > 20, "hardly a frame was usable: nothing was tested"
    assert not any(track_blinks(track) for track in tracks)
