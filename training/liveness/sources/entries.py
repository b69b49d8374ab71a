"""What all readers give: pictures and films of one presentation each, and where the face lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError

Image: TypeAlias = NDArray[np.uint8]
Box: TypeAlias = NDArray[np.float32]
Find: TypeAlias = Callable[[Image], NDArray[np.float32]]
"""Boxes (n, 4) of the faces in a picture, best first."""
Where: TypeAlias = Callable[[int, Image, Find], Box | None]
"""The box in frame number, from 0, of an entry; None: the face is not found there."""

ATTACK = "attack"
"""The instrument where a set does not say which."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
FILMS = frozenset({".mp4", ".mkv", ".avi", ".mov", ".webm"})


@dataclass(frozen=True, eq=False)
class Entry:
    """One presentation on disk. path: of a picture or film (`FILMS`). label: "live" or the
    instrument. person: who is shown, with the set's name before it.
    """

    path: Path
    label: str
    person: str
    where: Where

    @property
    def is_film(self) -> bool:
        return self.path.suffix.lower() in FILMS


def best(_number: int, image: Image, find: Find) -> Box | None:
    """The face that the detector is surest of."""
    boxes = find(image)
    return boxes[0] if len(boxes) else None


def whole(_number: int, image: Image, _find: Find) -> Box:
    """All of a picture that is a face cut out."""
    height, width = image.shape[:2]
    return np.array([-0.5, -0.5, width - 0.5, height - 0.5], np.float32)


def lines(path: Path) -> Iterable[tuple[int, str]]:
    """Number, from 1, and text of the lines that are not empty. Raises DataError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    return [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]


def below(root: Path, name: str, where: str) -> Path:
    """The file that a list names. Raises DataError where it leads out of the set's folder.

    where: file and line of the list.
    """
    pure = PurePosixPath(name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts:
        raise DataError(f"{where}: {name} leads out of {root}")
    return root / pure


def checked(found: list[Entry], where: Path) -> list[Entry]:
    """Raises DataError for no entry, and for one whose file is missing."""
    if not found:
        raise DataError(f"{where}: no presentation in it")
    for entry in found:
        if not entry.path.is_file():
            raise DataError(f"{where}: names {entry.path}, which is not there")
    return found
