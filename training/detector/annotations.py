"""Face boxes in other people's formats: WIDER FACE's list, YOLO text files, our own CSV.

Every reader gives {picture name: (boxes (n, 4) float32 as x1, y1, x2, y2, scores (n,))}. A line
that cannot be what it should be is an error that names file and line.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training import labels
from training.errors import DataError
from training.pictures import Pictures

Floats = NDArray[np.float32]


class Faces(NamedTuple):
    """The faces of one picture, surest first: boxes (n, 4) x1, y1, x2, y2, and scores (n,)."""

    boxes: Floats
    scores: Floats


def read_any(path: Path, pictures: Pictures) -> dict[str, Faces]:
    """Reads labels by what `path` is: `.csv` ours, `.txt` WIDER FACE, a folder YOLO.

    Raises DataError.
    """
    from training.detector import wider, yolo_text

    if path.is_dir():
        return yolo_text.read(path, pictures)
    if path.suffix == ".csv":
        return read_csv(path)
    if path.suffix == ".txt":
        return wider.read(path)
    raise DataError(f"{path}: labels are a .csv, WIDER FACE's .txt or a folder of YOLO files")


def read_csv(path: Path) -> dict[str, Faces]:
    """Labels of `training.label`. Raises DataError."""
    return {
        name: Faces(
            np.stack([face.box for face in faces]),
            np.array([face.score for face in faces], np.float32),
        )
        for name, faces in labels.read(path).items()
    }
