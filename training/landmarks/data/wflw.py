"""WFLW's list files (Wu et al. 2018): a face a line, 207 fields separated by blanks.

196 coordinates x0 y0 ... x97 y97, the detector's box x1 y1 x2 y2, six attributes 0 or 1 (pose,
expression, illumination, make-up, occlusion, blur), and the picture's name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.errors import DataError
from training.landmarks.data.face import Face

COORDINATES, BOX, ATTRIBUTES = 196, 4, 6
FIELDS = COORDINATES + BOX + ATTRIBUTES + 1
OCCLUSION = 4


def read(path: Path) -> list[Face]:
    """Faces with 98 points. Raises DataError naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    return [_face(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def _face(line: str, where: str) -> Face:
    fields = line.split()
    if len(fields) != FIELDS:
        raise DataError(f"{where}: {len(fields)} fields, not {FIELDS}")
    try:
        numbers = np.array([float(v) for v in fields[: COORDINATES + BOX]], np.float32)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    flags = fields[COORDINATES + BOX : -1]
    if any(flag not in ("0", "1") for flag in flags):
        raise DataError(f"{where}: attributes are 0 or 1, not {' '.join(flags)}")
    points, box = numbers[:COORDINATES].reshape(-1, 2), numbers[COORDINATES:]
    if not np.isfinite(numbers).all() or box[2] <= box[0] or box[3] <= box[1]:
        raise DataError(f"{where}: not a box: {' '.join(fields[COORDINATES : COORDINATES + BOX])}")
    # WFLW comes with its own split and without names: a picture is its own person.
    name = fields[-1]
    return Face(name, name, box, points, truth=True, occluded=flags[OCCLUSION] == "1")
