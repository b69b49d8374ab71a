"""Face labels on disk: a CSV, one face a line, made by `python -m training.label` or by hand.

Columns: picture, x1, y1, x2, y2, score, then five points (eyes, nose, mouth corners, those at the
picture's left first), yaw, pitch, roll, and p0x, p0y ... p67y. Coordinates are pixels of the
picture file, pixel centres at integers, and may lie outside. An empty field is not known.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.outputs import replacing
from training.errors import DataError

BOX = ("x1", "y1", "x2", "y2")
FIVE = ("ex1", "ey1", "ex2", "ey2", "nx", "ny", "mx1", "my1", "mx2", "my2")
POSE = ("yaw", "pitch", "roll")
POINTS = tuple(f"p{i}{axis}" for i in range(68) for axis in "xy")
COLUMNS = ("picture", *BOX, "score", *FIVE, *POSE, *POINTS)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FaceLabel:
    """One face of a picture.

    box: (4,) x1, y1, x2, y2. score: the labeller's, 0..1; 1 for hand-made ones. five: (5, 2).
    pose: (3,) yaw, pitch, roll, degrees as `edge.faces.observation.Pose` has them. points: (68, 2)
    iBUG. What is not known is NaN; `points` is None.
    """

    picture: str
    box: Floats
    score: float
    five: Floats
    pose: Floats
    points: Floats | None


def write(path: Path, labels: Iterable[FaceLabel]) -> int:
    """Writes whole or not at all; returns the number of faces. Raises OutputError."""
    count = 0
    with replacing(path) as part, Path(part).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for label in labels:
            points: Iterable[float] = () if label.points is None else label.points.ravel()
            numbers = [*label.box, label.score, *label.five.ravel(), *label.pose, *points]
            writer.writerow([label.picture, *(_text(v) for v in numbers)])
            count += 1
    return count


def _text(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if np.isfinite(value) else ""


def read(path: Path) -> dict[str, list[FaceLabel]]:
    """Labels by picture, surest face first. Raises DataError naming file and line."""
    found: dict[str, list[FaceLabel]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != COLUMNS:
                raise DataError(
                    f"{path}:1: not the columns of a label file ({', '.join(COLUMNS[:6])}, ...)"
                )
            for row in rows:
                label = _parse(row, f"{path}:{rows.line_num}")
                found.setdefault(label.picture, []).append(label)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
    for faces in found.values():
        faces.sort(key=lambda face: -face.score)
    return found


def _parse(row: list[str], where: str) -> FaceLabel:
    fixed = len(COLUMNS) - len(POINTS)
    if len(row) not in (fixed, len(COLUMNS)):
        raise DataError(f"{where}: {len(row)} fields, not {fixed} or {len(COLUMNS)}")
    try:
        numbers = np.array([float(v) if v else np.nan for v in row[1:]], np.float32)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    box = numbers[:4]
    if not np.isfinite(box).all() or box[2] <= box[0] or box[3] <= box[1]:
        raise DataError(f"{where}: not a box: {', '.join(row[1:5])}")
    points = numbers[18:].reshape(-1, 2) if len(row) == len(COLUMNS) else None
    if points is not None and not np.isfinite(points).all():
        points = None
    score = float(numbers[4])
    return FaceLabel(row[0], box, score, numbers[5:15].reshape(5, 2), numbers[15:18], points)
