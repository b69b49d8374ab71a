"""Our own label files (`training.labels`): a network's boxes, poses and 68 points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from training.labels import FaceLabel
from training.landmarks.data.face import Face, subject
from training.landmarks.data.points_csv import identity_of
from training.landmarks.layouts import IBUG68

DISAGREE = 0.20
"""Share of the distance between the eyes by which two networks may differ at the worst point.

On hand-made points the detector's five differ by 0.17 in the median and 0.31 in 1 of 20."""


TURNED = 25.0
"""Degrees of yaw from which on another network's points are not taken."""


def identity_of_path(name: str) -> str:
    """The folder that a picture lies in (LFW: a person's), else its name without a number."""
    folder = PurePosixPath(name).parent.name
    return folder or identity_of(name)


def disagreement(label: FaceLabel) -> float:
    """The largest distance between a detector's five points and those of the 68.

    In distances between the eyes' centres; infinite when either is not known.
    """
    if label.points is None or not np.isfinite(label.five).all():
        return float("inf")
    mine = IBUG68.five_of(label.points)
    between = float(np.linalg.norm(label.five[1] - label.five[0]))
    apart = np.linalg.norm(mine - label.five, axis=1).max()
    return float(apart) / max(between, 1e-6)


def trusted_points(label: FaceLabel) -> NDArray[np.float32] | None:
    """The label's 68 points, unless another network's five lie elsewhere or the head is turned.

    Regression trees lose the far side of a face at about `TURNED` degrees and draw a likely one.
    """
    if abs(float(label.pose[0])) >= TURNED:
        return None
    return label.points if disagreement(label) <= DISAGREE else None


def read(labels: Mapping[str, Sequence[FaceLabel]]) -> list[Face]:
    """The face that each picture is of."""
    faces = []
    for name, found in labels.items():
        label = subject(found)
        faces.append(
            Face(
                name,
                identity_of_path(name),
                label.box,
                trusted_points(label),
                pose=label.pose,
            )
        )
    return faces
