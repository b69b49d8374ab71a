"""Where faces come from: labelled pictures, split by person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector.annotations import read_any
from training.errors import DataError
from training.pictures import Pictures
from training.split import is_validation

Image = NDArray[np.uint8]
SURE = 0.6
"""From this labeller's score on a find is a face; below it nobody knows, and it is ignored."""
REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@dataclass(frozen=True, eq=False)
class Entry:
    """A picture with at least one sure face.

    boxes: (n, 4) float32, surest face first. scores: (n,).
    """

    name: str
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def sure(self) -> NDArray[np.bool_]:
        return np.asarray(self.scores >= SURE)


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Pictures with their faces.

    tight: cut around one face; there is no scene beside it. weight: how often it is drawn.
    """

    pictures: Pictures
    entries: list[Entry]
    tight: bool
    weight: float = 1.0
    name: str = ""

    def read(self, name: str, reduce: int = 1) -> Image:
        """A picture, its sides divided by `reduce` (1, 2, 4 or 8) while it is decoded."""
        data = np.frombuffer(self.pictures.data(name), np.uint8)
        image = cv2.imdecode(data, REDUCED[reduce])
        if image is None:
            raise DataError(f"{self.pictures.source}: {name}: not a picture")
        return np.asarray(image, np.uint8)


def identity(name: str) -> str:
    """Who is on a picture, by its name: the folder, or the file's name without `_NN`."""
    parts = name.split("/")
    if len(parts) > 1:
        return parts[-2]
    return re.sub(r"_\d{1,4}$", "", Path(name).stem)


@dataclass(frozen=True)
class Split:
    """Which side of a data set is wanted.

    validation: None takes both. held_back: identities of the validation side. A set that has one
    of them is split by this list, any other by `training.split`.
    """

    validation: bool | None
    held_back: frozenset[str] = field(default_factory=frozenset)

    def wants(self, names: Iterable[str]) -> set[str]:
        """Those of `names` that are on this side."""
        by = {name: identity(name) for name in names}
        if self.validation is None:
            return set(by)
        listed = self.held_back & set(by.values())
        return {
            name
            for name, who in by.items()
            if (who in listed if listed else is_validation(who)) == self.validation
        }


def load(
    pictures: Path, labels: Path, split: Split, *, tight: bool, weight: float = 1.0
) -> FaceSet:
    """One side of a labelled set. Raises DataError."""
    store = Pictures(pictures)
    found = read_any(labels, store)
    missing = next((name for name in found if name not in store), None)
    if missing is not None:
        raise DataError(f"{labels}: names {missing!r}, which is not in {pictures}")
    entries = []
    for name in sorted(split.wants(found)):
        boxes, scores = found[name]
        if tight:
            boxes, scores = boxes[:1], scores[:1]
        if len(scores) and scores.max() >= SURE:
            entries.append(Entry(name, boxes, scores))
    if not entries:
        side = "validation" if split.validation else "training"
        raise DataError(f"{labels}: no face for the {side} side")
    return FaceSet(store, entries, tight, weight, pictures.name)
