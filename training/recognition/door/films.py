"""Films of people, looked at once: what the networks say of every frame is kept in memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.cameras import is_live, open_camera
from edge.config import Config
from edge.faces.analyzer import Analyzer
from edge.faces.observation import Observation
from edge.gallery import clean_name
from edge.packs import Pack
from training.errors import DataError

COLUMNS = ["clip", "person"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A film's file and whom it shows."""

    path: Path
    person: str


@dataclass(frozen=True, eq=False, slots=True)
class Film:
    """name: of the file. observations: of all frames in order, by one pack and configuration."""

    name: str
    person: str
    observations: tuple[Observation, ...]


def read_people(people: Path, folder: Path) -> list[Listed]:
    """The films that a CSV with the columns clip,person lists; they lie in `folder`.

    Raises DataError, naming file and line.
    """
    try:
        text = people.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{people}: {error}") from error
    rows = csv.DictReader(text.splitlines())
    if rows.fieldnames != COLUMNS:
        raise DataError(f"{people}: line 1: the header is {rows.fieldnames}, not clip,person")
    listed: list[Listed] = []
    for row in rows:
        where = f"{people}: line {rows.line_num}"
        clip, person = row["clip"], row["person"]
        if not clip or not person or None in row:
            raise DataError(f"{where}: a file and a person are needed, and nothing else")
        path = folder / clip
        if any(other.path == path for other in listed):
            raise DataError(f"{where}: {clip} is listed twice")
        if is_live(clip) or not path.is_file():
            raise DataError(f"{where}: {path}: no such film")
        try:
            listed.append(Listed(path, clean_name(person)))
        except ValueError as error:
            raise DataError(f"{where}: {error}") from error
    if len({film.person for film in listed}) < 2:
        raise DataError(f"{people}: films of at least two people are needed")
    return listed


def look_at(
    pack: Pack, config: Config, listed: Sequence[Listed], watch: Callable[[str], None]
) -> list[Film]:
    """Every frame of every film through the networks. watch: called with a film's name per frame.

    Raises DataError for a film that ends before its container says, CameraError, PackError,
    NumericError.
    """
    analyzer, films = Analyzer(pack, config), []
    for film in listed:
        seen = []
        with open_camera(str(film.path)) as camera:
            while (frame := camera.read()) is not None:
                seen.append(analyzer.observe(frame))
                watch(film.path.name)
            if getattr(camera, "cut_short", False):
                raise DataError(f"{film.path}: ended early; the file is cut short or damaged")
        films.append(Film(film.path.name, film.person, tuple(seen)))
    return films
