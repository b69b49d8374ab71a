from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.liveness.attacks import Shown
from training.liveness.framing import LEAST_FACE, MIRRORED, Framing


def picture(wide: int, high: int, box: tuple[float, float, float, float]) -> Shown:
    """White where the face is; points along its box, those on its right higher numbers of eyes."""
    image = np.zeros((high, wide, 3), np.uint8)
    x1, y1, x2, y2 = (round(v) for v in box)
    image[y1:y2, x1:x2] = 255
    points = np.random.default_rng(0).uniform((x1, y1), (x2, y2), (68, 2)).astype(np.float32)
    points[36], points[45] = (x1 + 5, y1 + 9), (x2 - 5, y1 + 9)
    return Shown(image, np.array(box, np.float32), points)


@given(st.integers(0, 2**32))
def test_the_face_stays_where_the_picture_shows_it(seed: int) -> None:
    of = picture(640, 480, (280, 100, 350, 190))
    framing = Framing.draw(of, np.random.default_rng(seed))
    out = framing.apply(of)
    assert out.face_width >= LEAST_FACE - 1
    x1, y1, x2, y2 = (int(v) for v in np.round(out.box))
    assert out.image[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].min() > 200
    assert out.image.mean() * out.image[..., 0].size == pytest.approx(
        255 * (x2 - x1) * (y2 - y1), rel=0.08
    )
    assert out.points[36, 0] < out.points[45, 0]  # of a mirrored face the other eye is first


def test_mirroring_twice_is_none() -> None:
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(68))
    of = picture(200, 220, (50, 60, 120, 150))
    whole = Framing((0, 0, 200, 220), 1.0, mirrored=True)
    back = whole.apply(whole.apply(of))
    np.testing.assert_array_equal(back.image, of.image)
    np.testing.assert_allclose(back.box, of.box, atol=1e-4)
    np.testing.assert_allclose(back.points, of.points, atol=1e-4)


def test_small_faces_are_not_made_smaller() -> None:
    of = picture(250, 250, (100, 90, 140, 145))
    for seed in range(40):
        framing = Framing.draw(of, np.random.default_rng(seed))
        assert framing.scale >= 1


def test_wide_pictures_are_framed_closely_at_times_and_close_ones_kept() -> None:
    wide, close = picture(640, 480, (280, 100, 350, 190)), picture(250, 250, (70, 50, 180, 200))
    shares = [
        np.mean([
            (lambda f: f.part[2] - f.part[0])(Framing.draw(of, np.random.default_rng(s))) < 300
            for s in range(200)
        ])
        for of in (wide, close)
    ]  # fmt: skip
    assert 0.25 < shares[0] < 0.65 and shares[1] == 1
