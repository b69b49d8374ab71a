"""What one frame says: a frozen record, no pictures beyond the small patch that liveness needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pose:
    """Head pose in degrees, as the camera sees it.

    yaw > 0: the nose points to the picture's right. pitch > 0: the nose points up.
    roll > 0: the head is turned clockwise in the picture. A mirrored picture negates yaw and
    roll and leaves pitch.
    """

    yaw: float
    pitch: float
    roll: float


def turned(pose: Pose, angle: float) -> Pose:
    """A network's pose in the picture, from that in a crop which was turned upright by `angle`.

    angle: radians, clockwise in the picture, as `edge.packs.preprocess.box_matrix` takes it.

    Exact for rotations R = P(pitch) · Y(yaw) · Z(roll), x right, y down, z to the camera, the
    order of 300W-LP (Zhu et al. 2016) and of networks trained on it: R is multiplied by the
    rotation of the crop from the left and taken apart again.
    """
    if angle == 0.0:
        return pose
    yaw, pitch, roll = (math.radians(v) for v in (pose.yaw, pose.pitch, pose.roll))
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    c, s = math.cos(angle), math.sin(angle)
    # The first two rows of R and the last entry; the crop's rotation mixes just these two.
    x = np.array([cy * cr, -cy * sr, sy])
    y = np.array([cp * sr + sp * sy * cr, cp * cr - sp * sy * sr, -sp * cy])
    x, y = c * x - s * y, s * x + c * y
    return Pose(
        math.degrees(math.asin(min(max(float(x[2]), -1.0), 1.0))),
        math.degrees(math.atan2(-float(y[2]), cp * cy)),
        math.degrees(math.atan2(-float(x[1]), float(x[0]))),
    )


@dataclass(frozen=True, slots=True)
class Quality:
    """Properties that decide whether a face can be judged at all.

    size: height of the face box, frame pixels. sharpness: see `edge.faces.quality`.
    exposure: mean grey level of the face, 0..255. clipped: fraction of the face at 0 or 255.
    fit: side of the patch over the height of the box; landmarks that have lost the face lay the
    patch far too small or too large.
    """

    size: float
    sharpness: float
    exposure: float
    clipped: float
    fit: float


@dataclass(frozen=True, eq=False, slots=True)
class Face:
    """One face of a frame.

    box: (4,) x1, y1, x2, y2 in frame pixels. landmarks: (L, 2) frame pixels in the pack's
    layout. patch: (64, 64) float32 grey levels of the upright face, held in memory for the
    length of a track and never stored. patch_matrix: (2, 3) frame to patch pixels.
    eye_aspect: openness of the eyes (see `edge.faces.blink`). live: passive liveness 0..1.
    confidence: 0..1, that the landmarks lie on a face; None when the pack's network has none.
    embedding: (D,) float32 of unit length, or None when a quality gate already failed.
    """

    box: Floats
    landmarks: Floats
    pose: Pose
    quality: Quality
    patch: Floats
    patch_matrix: NDArray[np.float64]
    eye_aspect: float
    live: float | None
    embedding: Floats | None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One frame. t: seconds on the camera's clock. faces_in_zone: how many stand at the door.

    face: the surest of them, or None. frame_size: (height, width).
    """

    t: float
    index: int
    frame_size: tuple[int, int]
    faces_in_zone: int
    face: Face | None
