"""The one convention of head pose, and its way to and from rotation matrices.

Axes: x to the picture's right, y down, z towards the camera. R maps the head's axes to the
picture's, so its last column is where the nose points. With the signs of
`edge.faces.observation.Pose` (yaw > 0 nose to the picture's right, pitch > 0 nose up, roll > 0
clockwise as seen), in degrees,

    R = P(pitch) · Y(yaw) · Z(roll)

which is the order of 300W-LP and AFLW2000 (Zhu et al. 2016), and so of what is trained on them:
roll about the head's own axis first, then yaw, then pitch. The nose is at (sin yaw, -sin pitch cos
yaw, cos pitch cos yaw). A mirrored picture negates yaw and roll.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def matrix_of(pose: NDArray[np.floating]) -> Floats:
    """(..., 3, 3) of (..., 3) yaw, pitch, roll in degrees."""
    yaw, pitch, roll = np.moveaxis(np.radians(np.asarray(pose, np.float64)), -1, 0)
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    rows = [
        [cy * cr, -cy * sr, sy],
        [cp * sr + sp * sy * cr, cp * cr - sp * sy * sr, -sp * cy],
        [sp * sr - cp * sy * cr, sp * cr + cp * sy * sr, cp * cy],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def pose_of(matrix: NDArray[np.floating]) -> Floats:
    """(..., 3) yaw, pitch, roll in degrees of (..., 3, 3); yaw within ±90.

    At yaw = ±90 pitch and roll turn about one axis; then roll is said to be 0.
    """
    m = np.asarray(matrix, np.float64)
    yaw = np.arcsin(np.clip(m[..., 0, 2], -1, 1))
    locked = np.hypot(m[..., 0, 0], m[..., 0, 1]) < 1e-6
    pitch = np.where(
        locked,
        np.arctan2(m[..., 2, 1], m[..., 1, 1]),
        np.arctan2(-m[..., 1, 2], m[..., 2, 2]),
    )
    roll = np.where(locked, 0.0, np.arctan2(-m[..., 0, 1], m[..., 0, 0]))
    return np.degrees(np.stack([yaw, pitch, roll], axis=-1))


def turned(pose: NDArray[np.floating], angle: float) -> Floats:
    """The pose (..., 3) as it shows in a picture turned clockwise by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return pose_of(np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]) @ matrix_of(pose))


def mirrored(pose: NDArray[np.floating]) -> NDArray[np.floating]:
    """The pose (..., 3) in the mirrored picture."""
    return np.asarray(pose) * np.array([-1, 1, -1], np.asarray(pose).dtype)


def angle_between(a: NDArray[np.floating], b: NDArray[np.floating]) -> Floats:
    """Geodesic distance (...) in degrees between poses (..., 3)."""
    relative = np.swapaxes(matrix_of(a), -1, -2) @ matrix_of(b)
    trace = np.trace(relative, axis1=-2, axis2=-1)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))
