"""`landmarks.csv`: a header `file, x0, y0, ..., x67, y67`, then a picture a line."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from training.errors import DataError
from training.labels import FaceLabel
from training.landmarks.data.face import Face, box_of_points, subject, unknown_pose


def identity_of(name: str) -> str:
    """`Luis_Fonsi_21.jpg` is of Luis_Fonsi; a name without a number is its own person."""
    return re.sub(r"_\d+$", "", Path(name).stem)


def read(
    path: Path, count: int = 68, labels: Mapping[str, Sequence[FaceLabel]] | None = None
) -> list[Face]:
    """Faces of a points CSV. `labels`: the detector's box and a pose for each, when known.

    Raises DataError naming file and line.
    """
    faces = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            head = next(rows, [])
            if len(head) != 1 + 2 * count or head[0] != "file":
                raise DataError(f"{path}:1: not the header file, x0, y0, ... of {count} points")
            for row in rows:
                faces.append(_face(row, count, labels or {}, f"{path}:{rows.line_num}"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
    return faces


def _face(
    row: list[str], count: int, labels: Mapping[str, Sequence[FaceLabel]], where: str
) -> Face:
    if len(row) != 1 + 2 * count:
        raise DataError(f"{where}: {len(row)} fields, not {1 + 2 * count}")
    try:
        points = np.array([float(v) for v in row[1:]], np.float32).reshape(-1, 2)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    if not np.isfinite(points).all() or float(np.ptp(points, axis=0).min()) <= 0:
        raise DataError(f"{where}: points of {row[0]} are not all finite, or all in one place")
    box, pose = box_of_points(points), unknown_pose()
    found = [label for label in labels.get(row[0], ()) if _holds(label, points)]
    if found:
        label = subject(found)
        box, pose = label.box, label.pose
    return Face(row[0], identity_of(row[0]), box, points, truth=True, pose=pose)


def _holds(label: FaceLabel, points: np.ndarray) -> bool:
    """Whether the label is of the face that has these points."""
    own = box_of_points(points)
    centre = (label.box[:2] + label.box[2:]) / 2
    side = float((own[2:] - own[:2]).max())
    off = math.dist(centre, (own[:2] + own[2:]) / 2)
    return off < 0.3 * side and 0.5 < float((label.box[2:] - label.box[:2]).max()) / side < 2
