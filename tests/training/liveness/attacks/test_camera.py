from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from training.liveness.attacks import Shown, optics
from training.liveness.attacks.camera import (
    Camera,
    draw_camera,
    motion_kernel,
    take,
    to_levels,
    to_light,
)

PLAIN = Camera(
    exposure=1.0, warmth=0.0, green=0.0, vignette=0.0, blur=0.0, motion=0.0, motion_angle=0.0,
    shot_noise=0.0, dark_noise=0.0, grain=False, sharpen=0.0, smear=False, quality=100,
    aperture=0.5, softness=0.2,
)  # fmt: skip


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def sharpness(image: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.CV_32F).std())


def test_levels_go_to_light_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, -1)
    np.testing.assert_array_equal(to_levels(to_light(levels)), levels)


def test_a_perfect_camera_changes_nothing_but_the_brightest(person: Shown) -> None:
    out = take(person.image, PLAIN, rng()).astype(int)
    mid = person.image < 200
    assert np.abs(out - person.image)[mid].mean() < 2


def test_only_noise_is_random(person: Shown) -> None:
    camera = replace(draw_camera(rng(), "train"), shot_noise=0.0, dark_noise=0.0)
    one, two = (take(person.image, camera, np.random.default_rng(s)) for s in (1, 2))
    np.testing.assert_array_equal(one, two)
    noisy = replace(camera, shot_noise=4.0, quality=95)
    one, two = (take(person.image, noisy, np.random.default_rng(s)) for s in (1, 2))
    assert (one != two).mean() > 0.3
    np.testing.assert_array_equal(one, take(person.image, noisy, np.random.default_rng(1)))


@pytest.mark.parametrize(("change", "less"), [({"blur": 1.5}, True), ({"sharpen": 0.8}, False)])
def test_blur_and_sharpening(person: Shown, change: dict[str, float], less: bool) -> None:
    changed = take(person.image, replace(PLAIN, **change), rng())
    assert (sharpness(changed) < sharpness(take(person.image, PLAIN, rng()))) == less


def test_exposure_warmth_and_vignette() -> None:
    grey = np.full((120, 160, 3), 120, np.uint8)
    dark = take(grey, replace(PLAIN, exposure=0.5), rng())
    assert dark.mean() == pytest.approx(120 * np.sqrt(0.5), abs=1.5)
    warm = take(grey, replace(PLAIN, warmth=0.1), rng()).mean(axis=(0, 1))
    assert warm[2] > 120 > warm[0]
    corner = take(grey, replace(PLAIN, vignette=0.3), rng())
    assert corner[0, 0].mean() < corner[60, 80].mean() - 10


def test_noise_is_of_the_size_asked_for() -> None:
    for level in (60, 180):
        grey = np.full((200, 200, 3), level, np.uint8)
        out = take(grey, replace(PLAIN, shot_noise=5.0), rng())
        # The coder halves the resolution of colour: brightness alone keeps its noise.
        weights = np.linalg.norm([0.114, 0.587, 0.299])
        brightness = cv2.cvtColor(out, cv2.COLOR_BGR2GRAY)
        assert brightness.std() == pytest.approx(5 * np.sqrt(level / 255) * weights, rel=0.1)


def test_motion_is_a_line_of_that_length() -> None:
    kernel = motion_kernel(5.0, 0.0)
    assert kernel.sum() == pytest.approx(1)
    assert (kernel.sum(axis=1) > 0.01).sum() == 1
    assert kernel.max() == pytest.approx(1 / 5, rel=0.05)


def test_what_is_left_of_a_grid_falls_with_its_fineness_and_aliases() -> None:
    sharp = replace(PLAIN, aperture=0.3, softness=0.1)
    left = [optics.transfer(f, sharp) for f in (0.1, 0.5, 1.0, 2.0)]
    assert left == sorted(left, reverse=True)
    assert left[0] > 0.95 and optics.transfer(1.0, replace(PLAIN, softness=0.4)) < 0.05
    # A grating of 0.98 cycles a pixel looks like one of 0.02: a slow wave, 50 pixels long.
    x, y = np.meshgrid(np.arange(200, dtype=np.float32), np.arange(4, dtype=np.float32))
    wave, contrast = optics.grating(x / 10, y / 10, 1 / 9.8, 0.0, 0.0, 10.0, sharp)
    assert wave is not None and contrast > 0.1
    strength = np.abs(np.fft.rfft(wave[0]))
    assert int(strength.argmax()) == 4  # 200 pixels / 50
    nothing, _ = optics.grating(x / 10, y / 10, 0.002, 0.0, 0.0, 10.0, sharp)
    assert nothing is None
