"""A JSON list of {"file", "age", "gender", "landmarks"}, as IMDB-WIKI is often passed on.

`age`: years or null. `gender`: 0 female, 1 male or null, as IMDB-WIKI has it (Rothe et al. 2015),
or "male"/"female". `landmarks`: [[x, y], ...] in pixels or null. `box` [x1, y1, x2, y2] is optional
when there are landmarks. `person` is optional.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from training.errors import DataError
from training.landmarks.data.face import UNKNOWN_GENDER, Face, box_of_points
from training.landmarks.data.json_list import entries

GENDERS = {0: 1, 1: 0, "female": 1, "male": 0, None: UNKNOWN_GENDER}


def read(path: Path) -> list[Face]:
    """Raises DataError naming the file and the entry."""
    return [_face(entry, f"{path}: entry {i}") for i, entry in enumerate(entries(path))]


def _face(entry: Any, where: str) -> Face:
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
        raise DataError(f'{where}: not an object with "file"')
    points = None
    if entry.get("landmarks") is not None:
        points = _numbers(entry["landmarks"], (-1, 2), f"{where}: landmarks")
    if entry.get("box") is not None:
        box = _numbers(entry["box"], (4,), f"{where}: box")
    elif points is not None:
        box = box_of_points(points)
    else:
        raise DataError(f"{where}: neither landmarks nor box")
    if box[2] <= box[0] or box[3] <= box[1]:
        raise DataError(f"{where}: not a box: {box.tolist()}")
    age, gender = entry.get("age"), entry.get("gender")
    if age is not None and (
        isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age <= 116
    ):
        raise DataError(f"{where}: not an age: {age!r}")
    if isinstance(gender, bool | list | dict) or gender not in GENDERS:
        raise DataError(f"{where}: not a gender: {gender!r}")
    return Face(
        entry["file"],
        str(entry.get("person", entry["file"])),
        box,
        points,
        truth=points is not None,
        age=math.nan if age is None else float(age),
        gender=GENDERS[gender],
    )


def _numbers(value: Any, shape: tuple[int, ...], where: str) -> np.ndarray:
    try:
        out = np.asarray(value, np.float32).reshape(shape)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {error}") from error
    if not np.isfinite(out).all():
        raise DataError(f"{where}: not finite")
    return out
