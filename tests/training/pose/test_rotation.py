"""The convention of head pose: signs as documented, matrices there and back, the device's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from edge.faces.observation import Pose
from edge.faces.observation import turned as device_turned
from training.pose import rotation, rotation_torch

POSES = np.random.default_rng(0).uniform([-80, -70, -60], [80, 70, 60], (50, 3))


@pytest.mark.parametrize(
    ("pose", "nose", "right_eye"),
    [
        ((30, 0, 0), (0.5, 0, 1), None),  # to the picture's right
        ((0, 30, 0), (0, -0.5, 1), None),  # up: y goes down
        ((0, 0, 30), (0, 0, 1), (1, 0.5)),  # clockwise: the eye at the right sinks
    ],
)
def test_signs_are_those_of_the_device(
    pose: tuple[float, ...], nose: tuple[float, ...], right_eye: tuple[float, ...] | None
) -> None:
    matrix = rotation.matrix_of(np.array(pose, float))
    assert np.sign(matrix[:, 2].round(6)).tolist() == np.sign(nose).tolist()
    if right_eye is not None:
        assert np.sign(matrix[:2, 0]).tolist() == np.sign(right_eye).tolist()
        assert math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])) == pytest.approx(30)


def test_matrices_are_rotations_and_give_their_angles_back() -> None:
    matrices = rotation.matrix_of(POSES)
    eye = np.broadcast_to(np.eye(3), (50, 3, 3))
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), eye, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1)
    np.testing.assert_allclose(rotation.pose_of(matrices), POSES, atol=1e-9)


def test_at_a_right_angle_the_matrix_is_still_the_same() -> None:
    matrix = rotation.matrix_of(np.array([90.0, 20.0, 35.0]))
    again = rotation.matrix_of(rotation.pose_of(matrix))
    np.testing.assert_allclose(again, matrix, atol=1e-7)


def test_a_turned_picture_turns_the_pose_as_on_the_device() -> None:
    for pose in POSES:
        for angle in (-0.5, 0.0, 0.7):
            mine = rotation.turned(pose, angle)
            own = device_turned(Pose(*pose), angle)
            np.testing.assert_allclose(mine, [own.yaw, own.pitch, own.roll], atol=1e-6)
    # A head that looks into the camera turns with the picture, and nothing else.
    np.testing.assert_allclose(rotation.turned(np.zeros(3), math.radians(25)), [0, 0, 25])


def test_mirroring_negates_yaw_and_roll_and_is_a_mirror() -> None:
    mirror = np.diag([-1.0, 1, 1])
    for pose in POSES:
        wanted = mirror @ rotation.matrix_of(pose) @ mirror
        np.testing.assert_allclose(rotation.matrix_of(rotation.mirrored(pose)), wanted, atol=1e-12)


def test_the_angle_between_poses_is_that_of_one_turn() -> None:
    zero = np.zeros(3)
    for axis in range(3):
        pose = zero.copy()
        pose[axis] = 40
        assert rotation.angle_between(zero, pose) == pytest.approx(40)


def test_tensors_say_the_same_and_have_a_slope_at_zero() -> None:
    poses = torch.from_numpy(POSES)
    np.testing.assert_allclose(rotation_torch.matrix_of(poses), rotation.matrix_of(POSES))
    others = torch.roll(poses, 1, dims=0)
    wanted = rotation.angle_between(POSES, others.numpy())
    near = wanted < 170
    got = rotation_torch.geodesic(poses, others).numpy()
    np.testing.assert_allclose(got[near], wanted[near], rtol=1e-3)
    same = torch.zeros(1, 3, requires_grad=True)
    rotation_torch.geodesic(same, torch.zeros(1, 3)).sum().backward()
    assert same.grad is not None and torch.isfinite(same.grad).all()
