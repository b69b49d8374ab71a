from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.liveness.attacks import Shown
from training.liveness.attacks.layout import Portrait, lay
from training.liveness.attacks.ranges import draw

PLAIN = Portrait(across=2.0, rise=0.1, fitted=False, whole=False, mirrored=False)


def shown(wide: int, high: int, box: tuple[float, float, float, float]) -> Shown:
    image = np.zeros((high, wide, 3), np.uint8)
    return Shown(image, np.array(box, np.float32), np.zeros((68, 2), np.float32))


@given(
    st.integers(0, 2**32),
    st.sampled_from([(7.0, 15.0), (50.0, 28.0), (21.0, 29.7), (20.0, 20.0), (16.0, 7.0)]),
    st.sampled_from([(640, 480, (280, 90, 350, 190)), (250, 250, (80, 60, 170, 195)),
                     (200, 200, (-6, -12, 180, 205)), (300, 90, (0, 5, 60, 85))]),
)  # fmt: skip
def test_the_face_is_always_shown_whole_within_its_area(
    seed: int, size: tuple[float, float], of: tuple[int, int, tuple[float, ...]]
) -> None:
    wide, high, box = of
    half = np.array(size) / 2
    picture = shown(wide, high, box)  # type: ignore[arg-type]
    portrait = draw(Portrait, np.random.default_rng(seed), "train")
    laid = lay(picture, portrait, np.concatenate([-half, half]))
    x1, y1, x2, y2 = laid.source
    assert 0 <= x1 < x2 <= wide and 0 <= y1 < y2 <= high
    inside = np.clip(picture.box, 0, [wide, high, wide, high])
    assert (inside[:2] >= (x1 - 1, y1 - 1)).all() and (inside[2:] <= (x2 + 1, y2 + 1)).all()
    assert (laid.place[:2] >= -half - 1e-6).all() and (laid.place[2:] <= half + 1e-6).all()
    # Pixels stay square.
    a, b = (laid.place[2:] - laid.place[:2]) / (laid.source[2:] - laid.source[:2])
    assert a == pytest.approx(b)


def test_what_is_shown_is_as_wide_as_asked_for_and_the_face_above_its_middle() -> None:
    picture = shown(640, 480, (280, 150, 350, 250))
    laid = lay(picture, PLAIN, np.array([-5.0, -7.0, 5.0, 7.0]))
    assert laid.source[2] - laid.source[0] == pytest.approx(140, abs=2)
    face = laid.face(picture)
    assert face[2] - face[0] == pytest.approx(5.0, abs=0.1)
    assert (face[1] + face[3]) / 2 < 0


def test_a_whole_picture_is_whole() -> None:
    picture = shown(640, 480, (280, 150, 350, 250))
    laid = lay(picture, replace(PLAIN, whole=True), np.array([-25.0, -14.0, 25.0, 14.0]))
    np.testing.assert_array_equal(laid.source, [0, 0, 640, 480])
    assert laid.place[3] == pytest.approx(14.0) and laid.place[2] == pytest.approx(14 * 4 / 3)


def test_a_mirrored_face_lies_on_the_other_side() -> None:
    picture = shown(640, 480, (100, 150, 170, 250))
    area = np.array([-20.0, -15.0, 20.0, 15.0])
    whole = replace(PLAIN, whole=True)
    plain, mirrored = (lay(picture, replace(whole, mirrored=m), area) for m in (False, True))
    one, two = plain.face(picture), mirrored.face(picture)
    np.testing.assert_allclose(one[[0, 2]], -two[[2, 0]], atol=1e-5)
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, :100] = 255
    assert plain.cut(image, 8)[:, :20].min() == 255 and mirrored.cut(image, 8)[:, -20:].min() == 255
