"""The sets that a command is given, `--set KIND PATH [KEY=VALUE]`, read and put together.

    folder PICTURES labels=CSV   PERSON/x.jpg in a folder or tar (ImageFolder, LFW)
    rec    DIR                   InsightFace's train.rec, train.idx, property

People of different sets are different people, whatever their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from training.errors import DataError
from training.recognition.sources import Face, Source
from training.recognition.sources.image_folder import ImageFolder
from training.recognition.sources.rec import RecFolder
from training.split import is_validation

KINDS = {"folder": frozenset({"labels"}), "rec": frozenset[str]()}


def read_set(words: Sequence[str]) -> Source:
    """The source that the words of one `--set` describe. Raises UsageError, DataError."""
    if len(words) < 2 or words[0] not in KINDS:
        raise UsageError(f"--set takes KIND PATH [KEY=VALUE ...], KIND of {', '.join(KINDS)}")
    kind, path = words[0], Path(words[1])
    options = {}
    for word in words[2:]:
        key, equals, value = word.partition("=")
        if not equals or key not in KINDS[kind]:
            known = ", ".join(f"{k}=" for k in sorted(KINDS[kind])) or "no options"
            raise UsageError(f"--set {kind} {path}: {word!r}: takes {known}")
        options[key] = value
    if kind == "rec":
        return RecFolder(path)
    if "labels" not in options:
        raise UsageError(
            f"--set folder {path} needs labels=CSV, of python -m training.label {path} "
            "--detector default --points default"
        )
    return ImageFolder(path, Path(options["labels"]))


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of several sources, their people numbered from 0 without a gap.

    source, index: (n,) which face of which source. label: (n,) int64 whose.
    """

    sources: Sequence[Source]
    source: NDArray[np.int64]
    index: NDArray[np.int64]
    label: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def people(self) -> int:
        """How many."""
        return int(self.label.max()) + 1 if len(self) else 0

    def face(self, i: int) -> Face:
        """Face i of n."""
        return self.sources[self.source[i]].face(int(self.index[i]))

    def of(self, people: NDArray[np.int64]) -> Faces:
        """Those of some people, who are numbered anew."""
        kept = np.isin(self.label, people)
        _, label = np.unique(self.label[kept], return_inverse=True)
        return Faces(self.sources, self.source[kept], self.index[kept], label.astype(np.int64))


def split(sources: Sequence[Source], least: int) -> tuple[Faces, Faces, list[str]]:
    """Training and validation by `training.split`, and what was left out.

    least: pictures of a person from which on they are trained on. Raises DataError when a side
    is left empty, or no one of validation has two pictures.
    """
    source = np.concatenate([np.full(len(s.who), i) for i, s in enumerate(sources)])
    index = np.concatenate([np.arange(len(s.who)) for s in sources])
    first = np.cumsum([0, *(len(s.people) for s in sources)])
    label = np.concatenate([s.who + n for s, n in zip(sources, first, strict=False)])
    everyone = Faces(sources, source, index, label.astype(np.int64))
    held = np.array([is_validation(name) for s in sources for name in s.people])
    count = np.bincount(everyone.label, minlength=len(held))
    few = ~held & (count > 0) & (count < least)
    training = everyone.of(np.nonzero(~held & (count >= least))[0])
    validation = everyone.of(np.nonzero(held)[0])
    notes = [f"{s.name}: {note}" for s in sources for note in s.notes]
    if few.any():
        notes.append(f"{int(few.sum())} people with fewer than {least} pictures are left out")
    if training.people < 2:
        raise DataError(
            f"the sets leave {training.people} people with {least} pictures or more for training; "
            "two at least are needed"
        )
    if validation.people < 2 or count[held].max() < 2:
        raise DataError(
            f"the sets hold back {validation.people} people for validation; two at least are "
            "needed, one of them with two pictures: more people"
        )
    return training, validation, notes


def thinned(faces: Faces, most: int) -> Faces:
    """Whole people, evenly chosen, with about `most` faces together; those with two first.

    A person with one picture has no genuine pair, so such people come last.
    """
    if len(faces) <= most:
        return faces
    count = np.bincount(faces.label)
    several = np.nonzero(count > 1)[0]
    total = int(count[several].sum())
    if total <= most:
        single = np.nonzero(count == 1)[0]
        return faces.of(np.concatenate([several, _even(single, most - total)]))
    return faces.of(_even(several, max(2, round(len(several) * most / total))))


def _even(values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    places = np.linspace(0, len(values) - 1, min(count, len(values)))
    return values[np.unique(places.astype(np.int64))] if len(values) else values
