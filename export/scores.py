"""The embedder's impostor scores in a manifest: read from a file, or measured with the new pack."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from edge import packs
from edge.all_pairs import Comparisons, compare
from training.errors import DataError
from training.pictures import Pictures
from training.recognition import embeddings, verification

from .errors import ExportError

UNMEASURED = {
    "data": "not measured",
    "identities": 2,
    "impostor_pairs": 2,
    "curve": [{"fmr": 0.9, "score": 1.0}, {"fmr": 0.5, "score": 1.0}],
}
"""Lets nobody in; stands in a pack only while its scores are being measured."""


def from_file(path: Path) -> dict[str, Any]:
    """A file of `python -m training.recognition evaluate --scores`. Raises ExportError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExportError(f"{path}: no scores to read: {error}") from error


@dataclass(frozen=True, eq=False)
class Compared:
    """All pairs of a set. labels: (N,) the person of each face. curve: see `described`."""

    found: embeddings.Embedded
    labels: NDArray[np.int64]
    pairs: Comparisons
    curve: list[dict[str, float]]


def compared(folder: Path, pictures: Path, console: Console) -> Compared:
    """Every picture through the pack in `folder`, and every pair of the faces.

    pictures: PERSON/anything.jpg. Raises DataError, PackError.
    """
    pack, store = packs.load(folder), Pictures(pictures)
    found = embeddings.compute(pack, store, store.names, console)
    people = [embeddings.person_of(name) for name in found.names]
    labels = np.unique(people, return_inverse=True)[1].astype(np.int64)[found.found]
    if np.unique(labels).size < 2:
        raise DataError(f"{pictures}: faces of fewer than two people were found")
    pairs = compare(found.vectors[found.found], labels)
    curve = verification.impostor_curve(pairs)
    if len(curve) < 2:
        raise DataError(f"{pictures}: too few people for a curve of impostor scores")
    return Compared(found, labels, pairs, curve)


def measured(folder: Path, pictures: Path, console: Console) -> dict[str, Any]:
    """The scores of all pairs of different people, of the pack in `folder` on `pictures`.

    pictures: as in `compared`, people whom no training of the pack saw. Raises DataError,
    PackError.
    """
    made = compared(folder, pictures, console)
    return described(pictures.name, made.labels, made.pairs.impostor.total, made.curve)


def described(
    data: str, labels: np.ndarray, impostor_pairs: int, curve: list[dict[str, float]]
) -> dict[str, Any]:
    """A curve as `[roles.embedder.head.scores]` has it."""
    identities = int(np.unique(labels).size)
    return {
        "data": f"{data}: {identities} people, {len(labels)} faces, every pair of single templates "
        "of different people; pairs share people",
        "identities": identities,
        "impostor_pairs": impostor_pairs,
        "curve": curve,
    }
