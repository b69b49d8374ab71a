"""InsightFace's data sets: DIR/train.rec, train.idx and property.

Their pictures are aligned already: 112 x 112 on the template that `crops.FIT` has, so they are
taken as they are, and need no label file. (What was aligned by another detector strays from what
the device would make of it as its five points do.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.errors import PackError
from export.pictures import decode
from training.errors import DataError
from training.recognition import crops
from training.recognition.crops import Image, Matrix
from training.recognition.sources.recordio import Records

EXACT = 2**24
"""Whole numbers below it are exact in float32, in which labels are stored."""
SLOW = 50_000
"""Records from which on a bar shows how far reading is."""


@dataclass(frozen=True, eq=False)
class RecFace:
    """A picture; its own label must be that of the person under whom the data set lists it."""

    records: Records
    row: int
    label: int

    def crop(self, then: Matrix | None = None) -> Image:
        record, where = self.records.read(self.row), self.records.where(self.row)
        if int(record.label[0]) != self.label:
            raise DataError(f"{where}: is of person {record.label[0]:g}, not {self.label}")
        if not record.content:
            raise DataError(f"{where}: holds no picture")
        try:
            image = decode(record.content, where)
        except PackError as error:
            raise DataError(str(error)) from error
        if image.shape[:2] != (crops.SIZE, crops.SIZE):
            raise DataError(f"{where}: {_not_aligned(*image.shape[:2])}")
        return image if then is None else crops.crop(image, then)


class RecFolder:
    """The faces of an InsightFace folder, or of a .rec file. People are named by their number.

    Raises DataError naming file, and line or offset.
    """

    def __init__(self, path: Path) -> None:
        file = path / "train.rec" if path.is_dir() else path
        if not file.is_file():
            raise DataError(f"{file}: no such file; --set rec takes a folder with train.rec")
        self.name = str(path)
        self.notes: list[str] = []
        _check_property(file.with_name("property"))
        self._records = Records(file)
        self._rows, self._labels = self._pictures()
        people, who = np.unique(self._labels, return_inverse=True)
        self.people = [str(label) for label in people]
        self.who = who.astype(np.int64)

    def face(self, index: int) -> RecFace:
        return RecFace(self._records, int(self._rows[index]), int(self._labels[index]))

    def _pictures(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows (n,) of the pictures' records, and the numbers (n,) of the people on them."""
        records = self._records
        first = records.read(0, label_only=True)
        if records.keys[0] == 0 and first.flag > 0:
            # Without records behind the pictures, or with more than a label can count, the table
            # cannot be used.
            if first.label[0] <= records.keys[-1] < EXACT:
                return self._by_people(first.label)
            return self._by_labels(1)
        return self._by_labels(0)

    def _by_labels(self, start: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each record's own label is read. Those without content are people's, not pictures."""
        rows, labels = [], []
        for row in _shown(np.arange(start, len(self._records.keys)), "reading labels"):
            if self._records.read(row, label_only=True).content:
                rows.append(row)
                labels.append(self._label(row))
        if not rows:
            raise DataError(f"{self._records.path}: holds no picture")
        return np.array(rows, np.int64), np.array(labels, np.int64)

    def _by_people(self, ends: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Record 0 says which records are people's; each of those, which pictures are theirs.

        So a data set of millions is known by reading one record a person.
        """
        records = self._records
        start, stop = self._range(0, ends, 1, int(records.keys[-1]) + 1)
        rows, labels = [], []
        for key in _shown(np.arange(start, stop), "reading people"):
            row = records.place(key)
            theirs = self._range(row, records.read(row, label_only=True).label, 1, start)
            low, high = (int(np.searchsorted(records.keys, end)) for end in theirs)
            if low == high:
                raise DataError(f"{records.where(row)}: a person without pictures")
            rows.append(np.arange(low, high))
            labels.append(np.full(high - low, self._label(low)))
        return np.concatenate(rows), np.concatenate(labels).astype(np.int64)

    def _range(self, row: int, ends: NDArray[np.float32], least: int, most: int) -> tuple[int, int]:
        """Two keys, from and until, in bounds."""
        if len(ends) < 2 or not least <= ends[0] < ends[1] <= most:
            raise DataError(
                f"{self._records.where(row)}: a range of records should be here, within {least} "
                f"to {most}, not {ends[:4].tolist()}"
            )
        return int(ends[0]), int(ends[1])

    def _label(self, row: int) -> int:
        value = self._records.read(row, label_only=True).label[0]
        if value < 0 or value != int(value):
            raise DataError(f"{self._records.where(row)}: {value:g} is no person's number")
        return int(value)


def _check_property(path: Path) -> None:
    """`people,height,width`; the file may be absent, as each picture's size is seen when read."""
    if not path.is_file():
        return
    line = path.read_text(encoding="utf-8", errors="replace").strip()
    try:
        _, height, width = (int(word) for word in line.split(","))
    except ValueError as error:
        raise DataError(f"{path}:1: not people,height,width: {line[:40]!r}") from error
    if (height, width) != (crops.SIZE, crops.SIZE):
        raise DataError(f"{path}:1: {_not_aligned(height, width)}")


def _not_aligned(height: int, width: int) -> str:
    return (
        f"{width} x {height}, not an aligned picture of {crops.SIZE} x {crops.SIZE}; unpack such "
        "a set into a folder and label it with training.label"
    )


def _shown(rows: NDArray[np.int64], what: str) -> Iterable[int]:
    """The rows, with a bar where they are many."""
    return track(rows.tolist(), what, console=Console(stderr=True), disable=len(rows) < SLOW)
