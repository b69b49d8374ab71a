"""Whether an attack would be recognised as the person it shows, by a pack's own embedder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.faces.embed import embed
from edge.faces.landmarks import locate
from edge.packs import Pack
from edge.packs.scores import threshold
from training import labels
from training.errors import DataError
from training.landmarks.data.face import subject
from training.landmarks.data.label_csv import identity_of_path
from training.liveness.reports.scored import Scored
from training.liveness.samples import Sample, picture
from training.pictures import Pictures

_T = TypeVar("_T")

FMR = 1e-4
PER_PERSON = 10
"""References taken of each person, evenly spread over their pictures."""


@dataclass(frozen=True, eq=False)
class Matches:
    """compared: (n,) bool, attacks whose person has a reference. matched: (n,) bool.

    bound: the cosine from which on two faces match. references: by person, how many.
    """

    compared: NDArray[np.bool_]
    matched: NDArray[np.bool_]
    bound: float
    references: dict[str, int]


Vectors = NDArray[np.float32]


def vector(pack: Pack, image: NDArray[np.uint8], box: NDArray[np.float32]) -> Vectors:
    """(D,) of unit length. Raises PackError, NumericError."""
    return embed(pack, image, locate(pack, image, box).points)


def of_samples(pack: Pack, samples: Sequence[Sample], console: Console) -> dict[str, Vectors]:
    """(k, D) of the living faces of a list, by person."""
    of: dict[str, list[Sample]] = {}
    for sample in samples:
        if sample.live:
            of.setdefault(sample.person, []).append(sample)
    spread = {person: _spread(found) for person, found in of.items()}
    return {
        person: np.stack([vector(pack, picture(s), s.box) for s in found])
        for person, found in track(spread.items(), "references", console=console, transient=True)
    }


def of_pictures(
    pack: Pack, source: Path, label_file: Path, wanted: set[str], console: Console
) -> dict[str, Vectors]:
    """(k, D) of pictures with a label file, of the people wanted. Raises DataError."""
    pictures, labelled = Pictures(source), labels.read(label_file)
    of: dict[str, list[str]] = {}
    for name in sorted(labelled):
        if (person := identity_of_path(name)) in wanted:
            of.setdefault(person, []).append(name)
    if not of:
        raise DataError(f"{label_file}: none of the {len(wanted)} people that attacks show")
    spread = {person: _spread(found) for person, found in of.items()}
    return {
        person: np.stack([vector(pack, pictures.read(n), subject(labelled[n]).box) for n in found])
        for person, found in track(spread.items(), "references", console=console, transient=True)
    }


def match(
    pack: Pack,
    scored: Scored,
    references: Mapping[str, Vectors],
    console: Console,
    fmr: float = FMR,
) -> Matches:
    """Every attack against all references of its person. Raises UndemonstratedTarget."""
    bound = threshold(pack.manifest.roles.embedder.head.scores, fmr)
    count = len(scored.samples)
    compared, matched = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for i, sample in enumerate(track(scored.samples, "matching", console=console, transient=True)):
        if sample.live or sample.person not in references:
            continue
        compared[i] = True
        probe = vector(pack, picture(sample), sample.box)
        matched[i] = float((references[sample.person] @ probe).max()) >= bound
    return Matches(compared, matched, bound, {k: len(v) for k, v in references.items()})


def _spread(found: Sequence[_T]) -> list[_T]:
    if len(found) <= PER_PERSON:
        return list(found)
    return [found[i * len(found) // PER_PERSON] for i in range(PER_PERSON)]
