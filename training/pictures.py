"""A set of pictures, in a folder or a tar, read by name."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import PackError
from export.pictures import decode, names
from training.errors import DataError


class Pictures:
    """Pictures of a folder (with its sub-folders) or of an uncompressed or compressed tar.

    A tar's files are kept in memory as they are, compressed, so that worker processes share
    them and read in any order. A single folder that holds everything in a tar is no part of the
    names: `lfw.tar` and the folder that it unpacks to have the same ones.

    Raises DataError when the source cannot be read or holds no pictures.
    """

    def __init__(self, source: Path | str) -> None:
        self.source = Path(source)
        try:
            stored = names(self.source)
        except PackError as error:
            raise DataError(str(error)) from error
        tops = {name.split("/")[0] for name in stored} if not self.source.is_dir() else set()
        strip = 1 if len(tops) == 1 and all("/" in name for name in stored) else 0
        self._stored = {name.split("/", strip)[-1]: name for name in stored}
        self._bytes: dict[str, bytes] | None = None
        if not self.source.is_dir():
            wanted = set(stored)
            with tarfile.open(self.source) as tar:
                self._bytes = {
                    member.name: file.read()
                    for member in tar
                    if member.name in wanted and (file := tar.extractfile(member)) is not None
                }

    @property
    def names(self) -> list[str]:
        """Sorted."""
        return sorted(self._stored)

    def __contains__(self, name: str) -> bool:
        return name in self._stored

    def data(self, name: str) -> bytes:
        """A picture's file as it is. Raises DataError for an unknown name."""
        stored = self._stored.get(name)
        if stored is None:
            raise DataError(f"{self.source}: no picture {name!r}")
        if self._bytes is not None:
            return self._bytes[stored]
        return (self.source / stored).read_bytes()

    def read(self, name: str) -> NDArray[np.uint8]:
        """A picture, (H, W, 3) uint8 BGR. Raises DataError when it is none."""
        try:
            return decode(self.data(name), f"{self.source}: {name}")
        except PackError as error:
            raise DataError(str(error)) from error
