"""Bands that wander over a face are seen; lamps, exposure, light from a side and noise are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.faces.flicker import FRAMES, banding, profile

FPS = 30.0
TIMES = [i / FPS for i in range(FRAMES)]


def face(seed: int = 1) -> np.ndarray:
    y = np.linspace(0, 1, 64)[:, None]
    rng = np.random.default_rng(seed)
    return np.asarray(110 + 40 * np.sin(9 * y) + rng.normal(0, 8, (64, 64)), np.float32)


def film(depth: float, cycles: float, rate: float, noise: float = 2.0) -> list[np.ndarray]:
    """A still face with bands: depth of light, cycles over the patch, turns a second."""
    rng = np.random.default_rng(3)
    rows = np.arange(64)[:, None] / 64
    shown = []
    for t in TIMES:
        bands = 1 + depth * np.sin(2 * np.pi * (cycles * rows + rate * t))
        shown.append(np.asarray(face() * bands + rng.normal(0, noise, (64, 64)), np.float32))
    return shown


def said(patches: list[np.ndarray], times: list[float] = TIMES) -> float | None:
    return banding(times, [profile(p) for p in patches])


@pytest.mark.parametrize("cycles", [0.7, 1.0, 1.8])
@pytest.mark.parametrize("rate", [-7.3, -2.1, 2.6, 5.2, 9.8])
def test_a_screens_bands_are_seen(cycles: float, rate: float) -> None:
    value = said(film(0.05, cycles, rate))
    assert value is not None and value > 1.0


def test_a_still_face_with_noise_shows_none() -> None:
    value = said(film(0.0, 1, 5))
    assert value is not None and value < 0.5


def test_a_lamp_or_exposure_that_changes_all_rows_is_no_screen() -> None:
    shown = [
        p * np.float32(1 + 0.1 * np.sin(2 * np.pi * 5 * t))
        for t, p in zip(TIMES, film(0, 1, 1), strict=True)
    ]
    value = said(shown)
    assert value is not None and value < 0.6


def test_light_that_wanders_from_brow_to_chin_is_no_screen() -> None:
    slope = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    shown = [
        p * (1 + np.float32(0.1 * np.sin(2 * np.pi * 4 * t)) * slope)
        for t, p in zip(TIMES, film(0, 1, 1), strict=True)
    ]
    value = said(shown)
    assert value is not None and value < 1.0


@pytest.mark.parametrize(
    "times",
    [
        TIMES[:-1],
        [t * 5 for t in TIMES],  # too slow to follow a wave
        [0.0] * FRAMES,
        TIMES[::-1],
        [*TIMES[:-1], TIMES[-2]],
    ],
)
def test_too_few_or_too_slow_says_nothing(times: list[float]) -> None:
    assert said(film(0.05, 1, 5)[: len(times)], times) is None


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000))
def test_the_value_is_finite_and_bounded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    patches = [np.asarray(rng.uniform(0, 255, (64, 64)), np.float32) for _ in TIMES]
    value = said(patches)
    assert value is not None and 0 <= value <= 1.42 / 0.75


def test_a_black_patch_says_nothing_bad() -> None:
    value = said([np.zeros((64, 64), np.float32)] * FRAMES)
    assert value == 0
