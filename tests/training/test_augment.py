"""Changed pictures are pictures, changed by the generator alone, and recognisably the same."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.data import astronaut

from training import augment

FACE = np.ascontiguousarray(astronaut()[10:234, 120:344, ::-1])
BOX = np.array([[40.0, 40.0, 180.0, 200.0]])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("seed", range(40))
def test_light_and_lens_keep_size_and_content(seed: int) -> None:
    before = FACE.copy()
    out = augment.photometric(FACE, rng(seed))
    assert out.shape == FACE.shape and out.dtype == np.uint8 and out.flags.c_contiguous
    assert np.array_equal(FACE, before), "the picture given was written to"
    assert np.array_equal(out, augment.photometric(FACE, rng(seed)))
    a, b = (x.astype(float).mean(axis=2).ravel() for x in (FACE, out))
    assert np.corrcoef(a, b)[0, 1] > 0.4


def test_strength_zero_changes_nothing() -> None:
    for seed in range(10):
        assert np.array_equal(augment.photometric(FACE, rng(seed), 0.0), FACE)


def test_half_light_leaves_one_side_darker() -> None:
    grey = np.full((64, 64, 3), 120, np.uint8)
    for seed in range(20):
        out = augment.half_lit(grey, rng(seed)).astype(float).mean(axis=2)
        corners = [out[:8, :8], out[:8, -8:], out[-8:, :8], out[-8:, -8:]]
        means = sorted(c.mean() for c in corners)
        assert means[-1] > means[0] + 4


def test_something_covers_part_of_the_face_and_not_all() -> None:
    shares = []
    for seed in range(60):
        out = augment.occlude(FACE, rng(seed), BOX)
        x1, y1, x2, y2 = BOX[0].astype(int)
        changed = (np.abs(out.astype(int) - FACE).max(axis=2) > 12)[y1:y2, x1:x2]
        shares.append(changed.mean())
    assert np.mean(np.array(shares) > 0.01) > 0.9
    assert np.median(shares) > 0.05 and max(shares) < 0.75


def test_a_hand_over_the_mouth_leaves_the_eyes_free() -> None:
    x1, y1, x2, y2 = BOX[0].astype(int)
    third = (y2 - y1) // 3
    for seed in range(60):
        out = augment.muffled(FACE, rng(seed), BOX[0])
        changed = np.abs(out.astype(int) - FACE).max(axis=2) > 12
        assert not changed[: y1 + third].any(), "eyes and brow stay free"
        mouth = changed[y1 + 2 * third : y2, x1 + (x2 - x1) // 3 : x2 - (x2 - x1) // 3]
        assert mouth.mean() > 0.3
        assert np.array_equal(out, augment.muffled(FACE, rng(seed), BOX[0]))


def test_a_face_far_away_has_lost_detail() -> None:
    for seed in range(10):
        out = augment.distant(FACE, rng(seed), least=0.2)
        assert out.shape == FACE.shape and out.dtype == np.uint8
        detail = [np.abs(np.diff(x.astype(float), axis=1)).mean() for x in (FACE, out)]
        assert detail[1] < detail[0]


def test_a_box_outside_the_picture_is_no_error() -> None:
    for seed in range(30):
        out = augment.occlude(FACE, rng(seed), np.array([[-400.0, -300, -200, -100], [1, 1, 3, 3]]))
        assert out.shape == FACE.shape


def test_no_face_nothing_covered() -> None:
    assert np.array_equal(augment.occlude(FACE, rng(), np.empty((0, 4))), FACE)
