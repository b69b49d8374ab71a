"""From a set's entries to a list on disk: pictures where they lie, frames of films taken out."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.cameras import open_camera
from edge.errors import OutputError, UsageError
from edge.faces.detect import detect
from edge.outputs import write_picture
from edge.packs import Pack
from training.errors import DataError
from training.liveness import samples
from training.liveness.samples import Sample
from training.liveness.sources.entries import Entry, Find, Image


@dataclass
class Count:
    """Presentations that were listed, and those in which no face was found, by label."""

    listed: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)


def make(entries: Sequence[Entry], out: Path, *, every: int, pack: Pack, console: Console) -> Count:
    """Writes the list `out`, and frames of films beside it into the folder of its name.

    every: of a film's frames one in so many is taken. pack: whose detector finds faces where the
    set states no box. Raises DataError, UsageError, OutputError.
    """
    root = out.absolute().parent
    if not root.is_dir():
        raise OutputError(f"{out}: the folder {root} is not there")
    for entry in entries:
        if not entry.is_film and not entry.path.absolute().is_relative_to(root):
            raise UsageError(
                f"--out {out}: a list lies in a folder above its pictures; {entry.path} is not "
                f"below {root}"
            )

    def find(image: Image) -> NDArray[np.float32]:
        return detect(pack, image)[0]

    count = Count()
    films = [e for e in entries if e.is_film]
    place = root / out.stem
    with _frames(place, wanted=bool(films)) as folder:
        found = []
        for entry in track(entries, "reading", console=console, transient=True):
            if entry.is_film:
                taken = _film(entry, folder, place, every, find)
            else:
                taken = [_picture(entry, find)]
            listed = [sample for sample in taken if sample is not None]
            found += listed
            count.listed[entry.label] += len(listed)
            count.without[entry.label] += len(taken) - len(listed)
        if not found:
            raise DataError(f"{out}: no face was found in any presentation")
    samples.write(root / out.name, found)
    return count


def _picture(entry: Entry, find: Find) -> Sample | None:
    image = cv2.imread(str(entry.path), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{entry.path}: not a picture that can be read")
    box = entry.where(0, np.asarray(image, np.uint8), find)
    if box is None:
        return None
    return Sample(entry.path.absolute(), entry.label, entry.person, box)


def _film(entry: Entry, folder: Path, place: Path, every: int, find: Find) -> list[Sample | None]:
    """A sample for each frame that is taken, None where there is no face."""
    name = f"{entry.label}-{entry.person}-{entry.path.stem}"
    found: list[Sample | None] = []
    with open_camera(str(entry.path)) as camera:
        while (frame := camera.read()) is not None:
            if frame.index % every:
                continue
            box = entry.where(frame.index, frame.image, find)
            if box is None:
                found.append(None)
                continue
            # PNG: another coder's marks would be on all that these films show.
            file = f"{name}-{frame.index:05d}.png"
            if (folder / file).exists():
                raise DataError(f"{entry.path}: another film of this person has the same name")
            write_picture(folder / file, frame.image)
            # Named as it will be: the folder gets its place when all of it is there.
            found.append(Sample(place / file, entry.label, entry.person, box, film=name))
        if getattr(camera, "cut_short", False):
            raise DataError(f"{entry.path}: the film stops before its end; is the copy whole?")
    return found


@contextmanager
def _frames(place: Path, *, wanted: bool) -> Iterator[Path]:
    """A folder for frames that is put at `place` if the block ends well. Raises OutputError."""
    if not wanted:
        yield place
        return
    if place.exists():
        raise OutputError(f"{place}: is there already; frames of films would go there")
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise OutputError(f"{place}: cannot be made: {error.strerror}") from error
    try:
        yield beside
        beside.chmod(0o755)
        beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
