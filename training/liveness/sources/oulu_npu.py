"""OULU-NPU (Boulkenafet et al. 2017): films from phones, protocols, positions of the eyes.

A line of `Protocols/Protocol_1/Train.txt` is `+1,1_2_03_4`: the sign says whether it lives, the
name is phone_session_user_file. File 1 lives, 2 and 3 are prints, 4 and 5 replays. The films lie in
`Train_files`, `Dev_files`, `Test_files`, beside each a .txt with `frame,x,y,x,y`: both eyes in
pixels, zeros where they were not found.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from training.errors import DataError
from training.liveness.samples import LIVE
from training.liveness.sources.entries import Box, Entry, Find, Image, checked, lines

FILES = {1: LIVE, 2: "print", 3: "print", 4: "replay", 5: "replay"}
_LINE = re.compile(r"([+-]\d)\s*,\s*((\d+)_(\d+)_(\d+)_([1-5]))")
_SPLIT = re.compile(r"(Train|Dev|Test)(?:_\d+)?\.txt")


def read(path: Path) -> list[Entry]:
    """The films of a protocol's list. Raises DataError."""
    split = _SPLIT.fullmatch(path.name)
    if split is None:
        raise DataError(f"{path}: not a protocol's list (Train.txt, Dev_3.txt, Test.txt, ...)")
    folder = _films(path, f"{split[1]}_files")
    found = []
    for number, line in lines(path):
        told = _LINE.fullmatch(line)
        if told is None:
            raise DataError(f"{path}:{number}: not like '+1,1_2_03_1': {line!r}")
        sign, name, _phone, _session, user, file = told.groups()
        label = FILES[int(file)]
        if (sign == "+1") != (label == LIVE):
            raise DataError(f"{path}:{number}: {sign} for file {file}, which is {label}")
        film = folder / f"{name}.avi"
        found.append(Entry(film, label, f"oulu-npu-{user}", _Eyes(film)))
    return checked(found, path)


def _films(path: Path, name: str) -> Path:
    for above in path.absolute().parents:
        if (above / name).is_dir():
            return above / name
    raise DataError(f"{path}: no folder above it has the films' folder {name}")


class _Eyes:
    """The detected face between whose edges the eyes lie."""

    def __init__(self, film: Path) -> None:
        self.path = film.with_suffix(".txt")
        self._at: dict[int, tuple[float, float]] | None = None

    def __call__(self, number: int, image: Image, find: Find) -> Box | None:
        if self._at is None:
            self._at = self._read()
        if number not in self._at:
            return None
        x, y = self._at[number]
        for box in find(image):
            if box[0] <= x <= box[2] and box[1] <= y <= box[3]:
                return box
        return None

    def _read(self) -> dict[int, tuple[float, float]]:
        """The middle between the eyes, by frame from 0; frames without eyes are left out."""
        found = {}
        for line_number, line in lines(self.path):
            try:
                number, *eyes = (int(v) for v in line.split(","))
                x1, y1, x2, y2 = eyes
            except ValueError as error:
                raise DataError(f"{self.path}:{line_number}: not 'frame,x,y,x,y'") from error
            if np.any(eyes):
                found[number] = ((x1 + x2) / 2, (y1 + y2) / 2)
        return found
