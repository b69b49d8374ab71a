"""One labelled face, as every reader of a data set gives it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.labels import FaceLabel

Floats = NDArray[np.float32]
UNKNOWN_GENDER = -1


def unknown_pose() -> Floats:
    """(3,) NaN."""
    return np.full(3, np.nan, np.float32)


@dataclass(frozen=True, eq=False)
class Face:
    """What is known of one face of one picture; the rest is masked in training.

    picture: name in its set of pictures. identity: whose face, for the validation split.
    box: (4,) x1, y1, x2, y2 in picture pixels, as a detector draws it (hairline to chin). points:
    (N, 2) picture pixels or None. truth: the points are a person's work, not a network's. pose:
    (3,) yaw, pitch, roll, degrees as `edge.faces.observation.Pose` has them, NaN unknown. age:
    years, NaN unknown. gender: 0 male, 1 female, -1 unknown. embedding: (D,) unit vector of a
    teacher, or None. occluded: whether something covers a part of the face; None unknown. group:
    the data set's own name of a group of people. weight: how often it is drawn.
    """

    picture: str
    identity: str
    box: Floats
    points: Floats | None = None
    truth: bool = False
    pose: Floats = field(default_factory=unknown_pose)
    age: float = math.nan
    gender: int = UNKNOWN_GENDER
    embedding: Floats | None = None
    occluded: bool | None = None
    group: str = ""
    weight: float = 1.0


def subject(faces: Sequence[FaceLabel]) -> FaceLabel:
    """Of a picture's faces the one that it was taken of: the largest."""
    return max(faces, key=lambda f: float((f.box[2] - f.box[0]) * (f.box[3] - f.box[1])))


def box_of_points(points: NDArray[np.floating]) -> Floats:
    """Where a detector would draw the box of 68 or 98 points: their bounds, a forehead higher."""
    low, high = points.min(axis=0), points.max(axis=0)
    low = low - np.array([0.0, 0.12 * (high[1] - low[1])])
    return np.concatenate([low, high]).astype(np.float32)
