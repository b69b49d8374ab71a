"""Plain folders: `live/` and one folder for each instrument, or `live/` and `spoof/`.

Where pictures or films lie one folder deeper, that folder is the person: `live/ada/1.jpg`. Where
they do not, each is taken as a person of its own: nobody says who is shown, and what is held back
may show somebody of the training.
"""

from __future__ import annotations

from pathlib import Path

from training.errors import DataError
from training.liveness.samples import LIVE
from training.liveness.sources.entries import ATTACK, FILMS, PICTURES, Entry, best, checked

SPOOF = "spoof"


def read(path: Path) -> list[Entry]:
    """Pictures and films below a folder. Raises DataError."""
    if not (path / LIVE).is_dir():
        raise DataError(f"{path}: no folder {LIVE} in it; beside it, one for each instrument")
    found = []
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() not in PICTURES | FILMS:
            continue
        name, *between, _ = file.relative_to(path).parts if file.parent != path else ("", "")
        if not name or len(between) > 1:
            raise DataError(f"{file}: not like LABEL/FILE or LABEL/PERSON/FILE")
        person = between[0] if between else f"{name}-{file.stem}"
        label = ATTACK if name == SPOOF else name
        found.append(Entry(file, label, f"{path.name}-{person}", best))
    return checked(found, path)
