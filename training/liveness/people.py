"""Bona fide pictures and films of faces with labels, of the people that a range may show."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training import labels, split
from training.errors import DataError
from training.labels import FaceLabel
from training.landmarks.data.label_csv import identity_of_path
from training.liveness.attacks import Shown
from training.liveness.trim import trimmed
from training.pictures import Pictures
from training.split import is_validation


@dataclass(frozen=True, eq=False)
class Entry:
    """One picture of a person. film: the film that it is a frame of; empty for stills."""

    name: str
    person: str
    label: FaceLabel
    film: str = ""


class People:
    """A set of pictures, by person. share: how often it is drawn from, against other sets.

    whole: its pictures are frames as a door's camera gives them.
    """

    def __init__(
        self, source: Path, entries: list[Entry], share: float, where: str, *, whole: bool
    ) -> None:
        if not entries:
            raise DataError(f"{where}: no face with 68 points of a person of this side is left")
        self.pictures, self.share, self.whole = Pictures(source), share, whole
        missing = [e.name for e in entries if e.name not in self.pictures]
        if missing:
            raise DataError(
                f"{where}: {missing[0]} is not in {source} (nor {len(missing) - 1} more)"
            )
        self.by_person: dict[str, list[Entry]] = defaultdict(list)
        self.by_film: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self.by_person[entry.person].append(entry)
            if entry.film:
                self.by_film[entry.film].append(entry)
        self.people = sorted(self.by_person)
        self.films = sorted(self.by_film)

    def draw(self, rng: np.random.Generator) -> Entry:
        """A picture: every person equally often."""
        found = self.by_person[self.people[int(rng.integers(len(self.people)))]]
        return found[int(rng.integers(len(found)))]

    def read(self, entry: Entry) -> Shown:
        """Raises DataError."""
        label = entry.label
        assert label.points is not None  # others are not kept
        image = self.pictures.read(entry.name)
        if self.whole:  # a camera turns nothing
            return Shown(image, label.box, label.points, entry.person)
        x1, y1, x2, y2 = trimmed(image, label.box)
        at = np.array([x1, y1], np.float32)
        box, points = label.box - np.tile(at, 2), label.points - at
        return Shown(np.ascontiguousarray(image[y1:y2, x1:x2]), box, points, entry.person)


def anybody(sets: Sequence[People], rng: np.random.Generator) -> tuple[People, Entry]:
    """A picture of one of the sets, each drawn from as often as its share says."""
    shares = np.array([s.share for s in sets], float)
    of = sets[int(rng.choice(len(sets), p=shares / shares.sum()))]
    return of, of.draw(rng)


def stills(
    source: Path,
    labelled: Path,
    *,
    held_back: bool,
    half: int | None = None,
    share: float = 1.0,
    whole: bool = False,
) -> People:
    """Pictures of people by `training.split`; half: only of one half of them. Raises DataError."""
    entries = [
        Entry(name, identity_of_path(name), faces[0])
        for name, faces in sorted(labels.read(labelled).items())
        if len(faces) == 1 and faces[0].points is not None
    ]
    kept = [
        e
        for e in entries
        if is_validation(e.person) == held_back and half in (None, split.half(e.person))
    ]
    return People(source, kept, share, str(labelled), whole=whole)


def clips(
    source: Path,
    labelled: Path,
    people: Path,
    held_people: Collection[str],
    *,
    held_back: bool,
    share: float = 1.0,
) -> People:
    """Frames of films, a folder each. people: CSV clip, person. Raises DataError."""
    names = _people(people)
    unknown = sorted(set(held_people) - set(names.values()))
    if unknown:
        raise DataError(f"{people}: nobody is called {', '.join(unknown)}")
    entries = []
    for name, faces in sorted(labels.read(labelled).items()):
        film = name.rpartition("/")[0]
        if film not in names:
            raise DataError(f"{people}: does not say who is in {film or name}")
        person = names[film]
        if faces[0].points is not None and (person in held_people) == held_back:
            entries.append(Entry(name, person, faces[0], film))
    return People(source, entries, share, str(labelled), whole=True)


def _people(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if not {"clip", "person"} <= set(rows.fieldnames or ()):
                raise DataError(f"{path}:1: needs the columns clip, person")
            return {row["clip"]: row["person"] for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
