"""Patches: one place in all sensors, zeros where one is absent, all randomness from the key."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import UsageError
from training.errors import DataError
from training.liveness.fusion import modalities, patches
from training.liveness.fusion.modalities import MODALITIES
from training.sampling import Key, rng_of


def gradient(size: int) -> np.ndarray:
    """Grey levels that say where a pixel lies, whatever the picture's size."""
    ramp = np.linspace(20, 240, size)
    grey = (ramp[:, None] + ramp[None, :]) / 2
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def everything(size: tuple[int, int, int] = (112, 90, 160)) -> dict[str, np.ndarray]:
    return {name: gradient(s) for name, s in zip(MODALITIES, size, strict=True)}


def test_all_sensors_are_cut_at_the_same_place_whatever_their_sizes() -> None:
    for seed in range(20):
        at = np.random.default_rng(seed).uniform(0, 70, 2)
        onto = cv2.getRotationMatrix2D((56, 56), 20.0 * seed, 1.0)
        onto[:, 2] -= at
        patch = patches.cut(everything(), onto, 32).astype(int)
        # Not the pixels where a picture ends.
        inside = cv2.erode((patch > 0).all(axis=0).astype(np.uint8), np.ones((3, 3))) > 0
        colour, depth, ir = patch[:3], patch[3:6], patch[6:]
        assert inside.any()
        # A pixel is 2 grey levels; where a picture ends, its size shows.
        for other in (depth, ir):
            assert np.percentile(np.abs(colour - other)[:, inside], 95) <= 2


def test_what_is_not_given_is_zeros() -> None:
    shown = patches.nine({"ir": gradient(112)}, 48)
    assert shown.shape == (9, 9, 48, 48) and shown.dtype == np.uint8
    assert not shown[:, :6].any() and shown[:, 6:].all()


def test_colour_is_red_first() -> None:
    image = np.zeros((112, 112, 3), np.uint8)
    image[..., 2] = 200
    assert patches.nine({"colour": image}, 32)[0, :3, 5, 5].tolist() == [200, 0, 0]


def test_nine_patches_reach_every_corner_and_flips_mirror_them() -> None:
    image = gradient(112)
    nine = patches.nine({"colour": image}, 32)
    grey = image[..., 0]
    np.testing.assert_array_equal(nine[0, 0], grey[:32, :32])
    np.testing.assert_array_equal(nine[2, 0], grey[:32, 80:])
    np.testing.assert_array_equal(nine[8, 0], grey[80:, 80:])
    more = patches.nine({"colour": image}, 32, flips=True)
    assert more.shape == (36, 9, 32, 32)
    np.testing.assert_array_equal(more[:9], nine)
    np.testing.assert_array_equal(more[9:18], nine[..., ::-1])
    np.testing.assert_array_equal(more[27:], nine[..., ::-1, ::-1])


def test_a_patch_follows_from_its_key_alone() -> None:
    first, again = (patches.drawn(everything(), 32, rng_of(1, Key(0, 5))) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    others = [patches.drawn(everything(), 32, rng_of(1, Key(0, 5, k))) for k in range(1, 4)]
    assert all((first != other).any() for other in others)


def test_half_of_the_samples_lack_something_and_each_sensor_equally_often() -> None:
    count = Counter(modalities.drop(rng_of(0, Key(0, i))) for i in range(6000))
    assert set(count) == set(modalities.SUBSETS)
    assert count[MODALITIES] == pytest.approx(3000, rel=0.06)
    for subset in modalities.SUBSETS[1:]:
        assert count[subset] == pytest.approx(500, rel=0.2)


def test_a_drawn_patch_shows_what_was_kept() -> None:
    for i in range(40):
        key = Key(0, i)
        # The draws before that of the modalities: place and angle.
        rng = rng_of(3, key)
        rng.integers(0, 81, 2)
        rng.uniform(-30, 30)
        kept = modalities.drop(rng)
        patch = patches.drawn(everything(), 32, rng_of(3, key))
        shown = {n for j, n in enumerate(MODALITIES) if patch[3 * j : 3 * j + 3].any()}
        assert shown == set(kept)


@pytest.mark.parametrize("text", ["", "depth,depth", "colour,thermal", "colour, depth"])
def test_sensors_are_named_once_and_rightly(text: str) -> None:
    with pytest.raises(UsageError):
        modalities.parse(text)
    assert modalities.parse("ir,colour") == ("colour", "ir")


def test_sixteen_bits_and_what_is_no_picture_are_refused(tmp_path: Path) -> None:
    deep = tmp_path / "deep.png"
    cv2.imwrite(str(deep), np.full((9, 9), 900, np.uint16))
    with pytest.raises(DataError, match=r"deep\.png: has uint16 pixels"):
        patches.read({"depth": deep})
    with pytest.raises(DataError, match="gone"):
        patches.read({"ir": tmp_path / "gone.png"})
