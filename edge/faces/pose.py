"""Head pose from landmarks, without a camera calibration.

Six points of a generic head are laid on the picture by a scaled orthographic projection: least
squares for the two rows of scale times rotation (the "POS" step of DeMenthon and Davis, 1995),
then the nearest rotation. At door distances (face depth small against distance) perspective adds
little, and no focal length need be known.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.faces import landmarks as lm
from edge.faces.observation import Pose

# A generic adult head in units of its own, x to the picture's right, y down, z towards the
# camera: nose tip, chin, outer eye corners, mouth corners. The proportions are those in common
# use for this purpose (e.g. the OpenCV head-pose examples).
_HEAD = np.array(
    [
        [0.0, 0.0, 0.0],
        [0.0, 330.0, -65.0],
        [-225.0, -170.0, -135.0],
        [225.0, -170.0, -135.0],
        [-150.0, 150.0, -125.0],
        [150.0, 150.0, -125.0],
    ]
)
_POINTS = [*lm.NOSE_TIP, *lm.CHIN, 36, 45, *lm.MOUTH_LEFT, *lm.MOUTH_RIGHT]
_CENTRED = _HEAD - _HEAD.mean(axis=0)
_SOLVE = np.linalg.pinv(_CENTRED)


def head_pose(landmarks: NDArray[np.float32]) -> Pose:
    """Yaw, pitch and roll in degrees (convention: `Pose`) from 68 points (68, 2)."""
    points = landmarks[_POINTS].astype(np.float64)
    rows = (_SOLVE @ (points - points.mean(axis=0))).T  # 2 x 3: scale times rotation
    u, _, vt = np.linalg.svd(rows, full_matrices=False)
    r = u @ vt  # the nearest pair of orthonormal rows
    third = np.cross(r[0], r[1])  # the picture's depth axis in the head's coordinates
    # The nose points along +z of the head; where it appears in the picture gives yaw and pitch.
    nose = np.array([r[0, 2], r[1, 2], third[2]])
    yaw = math.degrees(math.atan2(nose[0], nose[2]))
    pitch = math.degrees(math.atan2(-nose[1], math.hypot(nose[0], nose[2])))
    roll = math.degrees(lm.eye_angle(landmarks))
    return Pose(yaw, pitch, roll)
