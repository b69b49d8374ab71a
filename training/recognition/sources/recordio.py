"""MXNet's RecordIO, read without MXNet.

A record is a magic number, a word whose upper 3 bits say which part it is and whose lower 29 bits
how long, the data, and padding to 4 bytes (dmlc-core, `recordio.h`). Data in which the magic
number occurs is cut there into parts and must be put together again. The data begin with a header
(`IRHeader` of MXNet's recordio.py): flag, label, id, id2; with a flag above 0, that many numbers
follow in place of the label.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError

MAGIC = 0xCED7230A
_WORDS = struct.Struct("<II")
_HEADER = struct.Struct("<IfQQ")
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_BEGINNING = 4096
"""Bytes of a record in which header and label lie."""


@dataclass(frozen=True, eq=False)
class Record:
    """label: (n,) float32, one number or as many as the flag says. content: what follows."""

    flag: int
    label: NDArray[np.float32]
    content: bytes


class Records:
    """A .rec file with its .idx, a text file of `key TAB offset` lines.

    keys, offsets: (n,) int64, by key. Raises DataError naming the file and the line.
    """

    def __init__(self, path: Path) -> None:
        self.path, index = path, path.with_suffix(".idx")
        for file in (path, index):
            if not file.is_file():
                raise DataError(f"{file}: no such file; a data set is NAME.rec with NAME.idx")
        self.size = path.stat().st_size
        table = self._table(index)
        if not table:
            raise DataError(f"{index}: names no record")
        rows = np.array(table, np.int64)
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        self.keys, self.offsets = rows[:, 0], rows[:, 1]
        twice = np.nonzero(np.diff(self.keys) == 0)[0]
        if twice.size:
            raise DataError(f"{index}: names record {self.keys[twice[0]]} twice")

    def _table(self, index: Path) -> list[tuple[int, int]]:
        table = []
        with index.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    key, offset = (int(word) for word in line.split(b"\t"))
                except ValueError as error:
                    raise DataError(
                        f"{index}:{number}: not a key and an offset: {line[:40]!r}"
                    ) from error
                if not (key >= 0 and 0 <= offset < self.size):
                    raise DataError(
                        f"{index}:{number}: record {key} at byte {offset} lies outside "
                        f"{self.path.name}, which has {self.size} bytes"
                    )
                table.append((key, offset))
        return table

    def place(self, key: int) -> int:
        """The row of a key. Raises DataError for an unknown one."""
        row = int(np.searchsorted(self.keys, key))
        if row == len(self.keys) or self.keys[row] != key:
            raise DataError(f"{self.path.with_suffix('.idx')}: has no record {key}")
        return row

    def where(self, row: int) -> str:
        """For messages about a record: the file, its number and place."""
        return f"{self.path}: record {self.keys[row]} at byte {self.offsets[row]}"

    def read(self, row: int, *, label_only: bool = False) -> Record:
        """Record `row` of n. label_only: leave out the content, which is not read then.

        Raises DataError naming file, record and offset.
        """
        try:
            data = self._data(int(self.offsets[row]), whole=not label_only)
            return _parse(data)
        except (ValueError, OSError) as error:
            raise DataError(f"{self.where(row)}: {error}") from error

    def _data(self, offset: int, *, whole: bool) -> bytes:
        """The parts' data from `offset` on, put together; its beginning when not `whole`."""
        parts: list[bytes] = []
        # Opened anew each time: processes that load data share no position in it.
        with self.path.open("rb") as file:
            file.seek(offset)
            while True:
                words = file.read(_WORDS.size)
                if len(words) < _WORDS.size:
                    raise ValueError("ends within a record's head")
                magic, word = _WORDS.unpack(words)
                if magic != MAGIC:
                    raise ValueError(f"begins with {magic:#x}, not with RecordIO's {MAGIC:#x}")
                part, length = word >> 29, word & 0x1FFFFFFF
                if part > _LAST or (part in (_WHOLE, _FIRST)) != (not parts):
                    raise ValueError(f"has part {part} of a record where it may not be")
                if file.tell() + length > self.size:
                    raise ValueError(f"claims {length} bytes, beyond the end of the file")
                parts.append(file.read(length if whole else min(length, _BEGINNING)))
                enough = not whole and sum(map(len, parts)) >= _BEGINNING
                if part in (_WHOLE, _LAST) or enough:
                    return struct.pack("<I", MAGIC).join(parts)
                file.seek(-length % 4, 1)


def _parse(data: bytes) -> Record:
    if len(data) < _HEADER.size:
        raise ValueError(f"has {len(data)} bytes, fewer than a header")
    flag, label, _, _ = _HEADER.unpack_from(data)
    content = data[_HEADER.size :]
    labels = np.array([label], np.float32)
    if flag > 0:
        if 4 * flag > len(content):
            raise ValueError(f"has a label of {flag} numbers but only {len(content)} bytes")
        labels = np.frombuffer(content, np.float32, flag)
        content = content[4 * flag :]
    if not np.isfinite(labels).all():
        raise ValueError("has a label that is not a number")
    return Record(flag, labels, content)
