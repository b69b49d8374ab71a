"""CelebA-Spoof (Zhang et al. 2020): pictures with a spoof type, and a box in a file beside each.

`metas/intra_test/train_label.json` maps `Data/train/4980/spoof/007.png` to 43 numbers; number 40,
counted from 0, is the spoof type. The .txt of that name has `PATH LABEL` with 1 for an attack of
any kind. `007_BB.txt` has `x y width height score`, as if the picture had 224 x 224 pixels.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from training.errors import DataError
from training.liveness.samples import LIVE
from training.liveness.sources.entries import ATTACK, Box, Entry, Find, Image, below, checked, lines

TYPE = 40
"""Place of the spoof type among a picture's numbers."""
TYPES = (
    LIVE, "photo", "poster", "a4", "face-mask", "upper-body-mask", "region-mask", "pc", "pad",
    "phone", "3d-mask",
)  # fmt: skip
SIDE = 224.0
"""Pixels of the picture that boxes are stated for."""


def read(path: Path) -> list[Entry]:
    """The pictures of a list, train_label.json or .txt. Raises DataError."""
    root = _root(path)
    told = _json(path) if path.suffix == ".json" else _text(path)
    found = []
    for name, label, where in told:
        picture = below(root, name, where)
        person = picture.parent.parent.name
        found.append(Entry(picture, label, f"celeba-spoof-{person}", _Beside(picture)))
    return checked(found, path)


def _root(path: Path) -> Path:
    """The folder that has `Data` in it."""
    for folder in path.absolute().parents:
        if (folder / "Data").is_dir():
            return folder
    raise DataError(f"{path}: no folder above it has the pictures' folder Data")


def _json(path: Path) -> list[tuple[str, str, str]]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from error
    if not isinstance(told, dict):
        raise DataError(f"{path}: not a map from pictures to numbers")
    found = []
    for name, numbers in told.items():
        where = f"{path}: {name}"
        kind = numbers[TYPE] if isinstance(numbers, list) and len(numbers) > TYPE else None
        if type(kind) is not int or not 0 <= kind < len(TYPES):
            raise DataError(f"{where}: number {TYPE} is no spoof type of 0 to {len(TYPES) - 1}")
        found.append((name, TYPES[kind], where))
    return found


def _text(path: Path) -> list[tuple[str, str, str]]:
    found = []
    for number, line in lines(path):
        where = f"{path}:{number}"
        name, _, label = line.rpartition(" ")
        if label not in ("0", "1") or not name:
            raise DataError(f"{where}: not 'PATH LABEL' with label 0 or 1: {line!r}")
        found.append((name, ATTACK if label == "1" else LIVE, where))
    return found


class _Beside:
    """The box that lies beside a picture."""

    def __init__(self, picture: Path) -> None:
        self.path = picture.with_name(f"{picture.stem}_BB.txt")

    def __call__(self, _number: int, image: Image, _find: Find) -> Box | None:
        told = list(lines(self.path))
        try:
            x, y, width, height, _score = (float(v) for v in told[0][1].split())
        except (IndexError, ValueError) as error:
            raise DataError(f"{self.path}: not 'x y width height score'") from error
        sides = np.array([image.shape[1], image.shape[0]] * 2) / SIDE
        box = np.array([x, y, x + width, y + height]) * sides - 0.5
        if not np.isfinite(box).all() or width <= 0 or height <= 0:
            return None
        return np.asarray(box, np.float32)
