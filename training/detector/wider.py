"""WIDER FACE's own format (Yang et al. 2016): `wider_face_train_bbx_gt.txt`.

    0--Parade/0_Parade_marchingband_1_849.jpg
    1
    449 330 122 149 0 0 0 0 0 0

A picture's name, the number of its faces, then a line a face: x y w h blur expression
illumination invalid occlusion pose. (x, y) is the upper left corner and w, h the size, in pixels.
A picture without faces has the number 0 and, in the published files, one line of zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.outputs import replacing
from training.detector.annotations import Faces
from training.errors import DataError

FIELDS = ("x", "y", "w", "h", "blur", "expression", "illumination", "invalid", "occlusion", "pose")
INVALID = FIELDS.index("invalid")
UNSURE = 0.5
"""The score of a face that the annotators marked invalid or that has no area: to be ignored."""


def read(path: Path) -> dict[str, Faces]:
    """Faces by picture. Invalid ones have the score `UNSURE`. Raises DataError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    found: dict[str, Faces] = {}
    at = 0
    while at < len(lines):
        name = lines[at].strip()
        if not name:
            raise DataError(f"{path}:{at + 1}: a picture's name was expected, not an empty line")
        if name in found:
            raise DataError(f"{path}:{at + 1}: {name} comes a second time")
        count = _count(lines, at + 1, path)
        rows = [_face(lines, at + 2 + i, path) for i in range(count)]
        at += 2 + count
        if count == 0 and at < len(lines) and set(lines[at].split()) == {"0"}:
            at += 1
        found[name] = _sorted(rows)
    return found


def _count(lines: list[str], at: int, path: Path) -> int:
    if at >= len(lines):
        raise DataError(f"{path}:{at + 1}: the file ends where a number of faces was expected")
    if not lines[at].strip().isdigit():
        raise DataError(f"{path}:{at + 1}: {lines[at]!r} is not a number of faces")
    return int(lines[at])


def _face(lines: list[str], at: int, path: Path) -> list[float]:
    if at >= len(lines):
        raise DataError(f"{path}:{at + 1}: the file ends where a face was expected")
    fields = lines[at].split()
    if len(fields) != len(FIELDS):
        raise DataError(f"{path}:{at + 1}: {len(fields)} fields, not {' '.join(FIELDS)}")
    try:
        row = [float(field) for field in fields]
    except ValueError as error:
        raise DataError(f"{path}:{at + 1}: {error}") from error
    if not np.isfinite(row).all() or min(row[2:4]) < 0:
        raise DataError(f"{path}:{at + 1}: not a box: {' '.join(fields[:4])}")
    return row


def _sorted(rows: list[list[float]]) -> Faces:
    kept = [row for row in rows if row[2] > 0 and row[3] > 0]
    kept.sort(key=lambda row: row[INVALID] != 0)
    # Corner and size are edges of the area; pixel centres lie half a pixel inside.
    boxes = [[x - 0.5, y - 0.5, x + w - 0.5, y + h - 0.5] for x, y, w, h, *_ in kept]
    scores = [UNSURE if row[INVALID] else 1.0 for row in kept]
    return Faces(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


def write(path: Path, faces: Mapping[str, Faces]) -> None:
    """The inverse of `read`, to a thousandth of a pixel. Raises OutputError."""
    with replacing(path) as part, Path(part).open("w", encoding="utf-8") as file:
        for name, (boxes, scores) in faces.items():
            file.write(f"{name}\n{len(boxes)}\n")
            for box, score in zip(boxes.astype(np.float64), scores, strict=True):
                corner, size = box[:2] + 0.5, box[2:] - box[:2]
                numbers = " ".join(f"{v:.3f}".rstrip("0").rstrip(".") for v in (*corner, *size))
                file.write(f"{numbers} 0 0 0 {int(score < 1)} 0 0\n")
            if not len(boxes):
                file.write(" ".join("0" * len(FIELDS)) + "\n")
