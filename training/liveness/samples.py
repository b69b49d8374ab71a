"""What the liveness trainings and reports are given: pictures of presentations, in a list on disk.

A list is a CSV beside the pictures that it names, one presentation a line. Columns: picture (path
from the list's folder), label ("live" or the attack instrument), person (who is shown), the face's
box x1, y1, x2, y2 in pixels (pixel centres at integers), film (pictures of one film share it; empty
for stills), range ("train" or "test": which parameters of the simulation were drawn; empty for real
ones) and parameters (JSON; empty for bona fide presentations and for sets that record none).

Where it is known which pixels show what is held up, a picture `x.jpg` has a map `x.medium.png`
beside it: a quarter of its size, 255 where a pixel is all paper or device.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import OutputError
from edge.outputs import replacing
from training.errors import DataError

LIVE = "live"
COLUMNS = (
    "picture",
    "label",
    "person",
    "x1",
    "y1",
    "x2",
    "y2",
    "film",
    "range",
    "parameters",
)


COARSER = 4
"""Pixels of a picture along a side of one of its map's."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One presentation. picture: full path. box: (4,) float32 x1, y1, x2, y2."""

    picture: Path
    label: str
    person: str
    box: NDArray[np.float32]
    film: str = ""
    range: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether it is a bona fide presentation."""
        return self.label == LIVE


def write(path: Path, samples: Iterable[Sample]) -> int:
    """Writes whole or not at all; returns the number of samples. Pictures lie under its folder.

    Raises OutputError.
    """
    count = 0
    with replacing(path) as part, Path(part).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for s in samples:
            name = s.picture.relative_to(path.parent).as_posix()
            told = json.dumps(s.parameters, sort_keys=True) if s.parameters else ""
            box = [f"{v:.2f}" for v in s.box]
            rows.writerow([name, s.label, s.person, *box, s.film, s.range, told])
            count += 1
    return count


def read(path: Path) -> list[Sample]:
    """The samples of a list, in its order. Raises DataError naming file and line."""
    found = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != COLUMNS:
                raise DataError(f"{path}:1: not the columns of a list ({', '.join(COLUMNS)})")
            for row in rows:
                found.append(_parse(row, path, rows.line_num))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
    if not found:
        raise DataError(f"{path}: no samples")
    return found


def _parse(row: list[str], path: Path, line: int) -> Sample:
    where = f"{path}:{line}"
    if len(row) != len(COLUMNS):
        raise DataError(f"{where}: {len(row)} fields, not {len(COLUMNS)}")
    name, label, person, *numbers, film, drawn, told = row
    try:
        box = np.array([float(v) for v in numbers], np.float32)
        parameters = json.loads(told) if told else {}
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    if not np.isfinite(box).all() or box[2] <= box[0] or box[3] <= box[1]:
        raise DataError(f"{where}: not a box: {', '.join(numbers)}")
    if not label or not person:
        raise DataError(f"{where}: label and person must not be empty")
    if not isinstance(parameters, dict):
        raise DataError(f"{where}: parameters are not a JSON object")
    return Sample(path.parent / name, label, person, box, film, drawn, parameters)


def picture(sample: Sample) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR. Raises DataError."""
    image = cv2.imread(str(sample.picture), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{sample.picture}: not a picture that can be read")
    return np.asarray(image, np.uint8)


def _map_of(path: Path) -> Path:
    return path.with_suffix(".medium.png")


def write_medium(path: Path, medium: NDArray[np.float32]) -> None:
    """Writes the map of the picture at `path`. medium: (H, W) 0..1. Raises OutputError."""
    high, wide = (max(n // COARSER, 1) for n in medium.shape)
    small = cv2.resize(medium, (wide, high), interpolation=cv2.INTER_AREA)
    levels = np.rint(small.clip(0, 1) * 255).astype(np.uint8)
    if not cv2.imwrite(str(_map_of(path)), levels):
        raise OutputError(f"{_map_of(path)}: cannot be written")


def medium(sample: Sample) -> NDArray[np.uint8] | None:
    """(H / 4, W / 4) uint8: where the picture shows what is held up; None: not known.

    Raises DataError.
    """
    path = _map_of(sample.picture)
    if path.is_file():
        found = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if found is None:
            raise DataError(f"{path}: not a map that can be read")
        return np.asarray(found, np.uint8)
    if sample.live and "beside" not in sample.parameters.get("scene", {}):
        return np.zeros((1, 1), np.uint8)
    return None
