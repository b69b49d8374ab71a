from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.liveness.attacks import compose
from training.liveness.attacks.surface import Surface, rotation

FRAME = (480, 640)
angle = st.floats(-25, 25)


def held(yaw: float, pitch: float, roll: float, bend: float, axis: float) -> Surface:
    return Surface.holding(
        np.array([1.0, -2.0]), np.array([310, 200]), 9.0, 50.0, (yaw, pitch, roll), FRAME,
        bend=bend, axis=axis,
    )  # fmt: skip


@given(angle, angle, angle, st.floats(-0.06, 0.06), st.floats(-3, 3))
def test_a_pixel_sees_the_point_that_is_projected_to_it(
    yaw: float, pitch: float, roll: float, bend: float, axis: float
) -> None:
    bend = 0.0 if abs(bend) < 1e-3 else bend
    surface = held(yaw, pitch, roll, bend, axis)
    np.testing.assert_allclose(surface.project(np.array([[1.0, -2.0]])), [[310, 200]], atol=1e-6)
    seen = surface.see(290, 190, 331, 211)
    middle = np.stack([seen.x, seen.y], axis=-1).reshape(-1, 2)
    y, x = np.mgrid[190:211, 290:331]
    pixels = np.stack([x, y], axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(surface.project(middle), pixels, atol=0.05)


def test_scale_and_distance_are_those_asked_for() -> None:
    surface = held(0, 0, 0, 0, 0)
    assert surface.scale((1.0, -2.0)) == pytest.approx(9.0)
    assert surface.at[2] == pytest.approx(50.0)
    nearer = held(20, 0, 0, 0, 0).project(np.array([[-8, 0], [0, 0], [8, 0]]))[:, 0]
    left, right = np.diff(nearer)
    assert abs(left - right) > 1  # perspective


def test_bending_keeps_lengths_on_the_paper() -> None:
    surface = held(0, 0, 0, 0.08, 0.4)
    line = np.linspace([-6, -3], [6, 5], 2001)
    space = surface._in_space(line)
    assert np.linalg.norm(np.diff(space, axis=0), axis=1).sum() == pytest.approx(
        float(np.linalg.norm(line[-1] - line[0])), rel=1e-5
    )


def test_a_bent_sheet_is_darker_where_it_turns_from_the_lamp_and_ends_at_its_horizon() -> None:
    surface = Surface.holding(
        np.zeros(2), np.array([320, 240]), 9.0, 50.0, (0, 0, 0), FRAME,
        bend=0.25, light=(-0.6, 0.0, -0.8),
    )  # fmt: skip
    seen = surface.see(0, 0, 640, 480)
    assert seen.shade is not None and seen.hit is not None
    row = seen.shade[240]
    assert row[300] > 1 > row[340]
    assert seen.hit[240, 320] and not seen.hit[240, 420]
    alpha = compose.inside(seen, np.array([30.0, 5.0]), 0.0, 9.0)
    assert alpha[240, 420] == 0 and alpha[240, 320] == 1


def test_rotations_are_rotations() -> None:
    turned = rotation(20, -10, 5)
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turned) == pytest.approx(1)


def test_coverage_has_soft_edges_and_round_corners() -> None:
    surface = Surface.holding(np.zeros(2), np.array([320, 240]), 10.0, 60.0, (0, 0, 0), FRAME)
    half = np.array([6.0, 8.0])
    roi = compose.covered(surface, half, FRAME)
    assert roi is not None
    seen = surface.see(*roi)
    sharp = compose.inside(seen, half, 0.0, 10.0)
    assert sharp.sum() == pytest.approx(120 * 160, rel=0.01)
    lost = sharp.sum() - compose.inside(seen, half, 2.0, 10.0).sum()
    assert lost == pytest.approx((4 - np.pi) * 400, rel=0.03)
    far = Surface.holding(np.zeros(2), np.array([2000, 240]), 10.0, 60.0, (0, 0, 0), FRAME)
    assert compose.covered(far, half, FRAME) is None
