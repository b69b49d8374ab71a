"""What one frame says: a frozen record, no pictures beyond the small patch that liveness needs."""

from __future__ import annotations

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
