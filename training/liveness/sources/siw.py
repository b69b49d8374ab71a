"""SiW (Liu et al. 2018): films of people, prints and replays, with boxes.

`Train/live/003/003-1-1-1-1.mov` is subject-sensor-type-medium-session; type 1 lives, 2 is a print,
3 a replay. `003-1-1-1-1.face` has a line a frame: `x1 y1 x2 y2`, zeros where no face was found.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from training.errors import DataError
from training.liveness.samples import LIVE
from training.liveness.sources.entries import Box, Entry, Find, Image, checked, lines

TYPES = {1: LIVE, 2: "print", 3: "replay"}
_NAME = re.compile(r"(\d+)-\d+-([123])-\d+-\d+")


def read(path: Path) -> list[Entry]:
    """The films below a folder with `live` and `spoof` in it. Raises DataError."""
    found = []
    for film in sorted(path.glob("*/*/*.mov")):
        name, part = _NAME.fullmatch(film.stem), film.parent.parent.name
        if name is None or part not in ("live", "spoof"):
            raise DataError(f"{film}: not like live/003/003-1-1-1-1.mov")
        label = TYPES[int(name[2])]
        if (part == "live") != (label == LIVE):
            raise DataError(f"{film}: its name says {label}, its folder {part}")
        found.append(Entry(film, label, f"siw-{name[1]}", _Boxes(film)))
    return checked(found, path)


class _Boxes:
    """The box of each frame, from the file beside a film."""

    def __init__(self, film: Path) -> None:
        self.path = film.with_suffix(".face")
        self._boxes: list[Box] | None = None

    def __call__(self, number: int, _image: Image, _find: Find) -> Box | None:
        if self._boxes is None:
            self._boxes = [self._parse(n, line) for n, line in lines(self.path)]
        if number >= len(self._boxes):
            return None
        box = self._boxes[number]
        return box if box[2] > box[0] and box[3] > box[1] else None

    def _parse(self, number: int, line: str) -> Box:
        try:
            x1, y1, x2, y2 = (float(v) for v in line.split())
        except ValueError as error:
            raise DataError(f"{self.path}:{number}: not 'x1 y1 x2 y2'") from error
        return np.array([x1, y1, x2, y2], np.float32)
