"""NUAA (Tan et al. 2010): pictures of people, and of printed photographs of them.

`client_train_raw.txt` lists living people, `imposter_train_raw.txt` photographs; the pictures lie
in `ClientRaw` and `ImposterRaw`. `..._face.txt` lists faces cut out (`ClientFace`, `ImposterFace`):
there, only the first of a line's fields counts. Lines are `0001\\0001_00_00_01_0.jpg`.
"""

from __future__ import annotations

import re
from pathlib import Path

from training.errors import DataError
from training.liveness.samples import LIVE
from training.liveness.sources.entries import Entry, below, best, checked, lines, whole

_NAME = re.compile(r"(client|imposter)_(?:train|test)_(raw|face)\.txt")


def read(path: Path) -> list[Entry]:
    """The pictures of one of the set's lists. Raises DataError."""
    name = _NAME.fullmatch(path.name)
    if name is None:
        raise DataError(f"{path}: not named like client_train_raw.txt or imposter_test_face.txt")
    who, kind = name.groups()
    label = LIVE if who == "client" else "print"
    folder = path.parent / f"{who.capitalize()}{kind.capitalize()}"
    found = []
    for number, line in lines(path):
        picture = below(folder, line.split()[0], f"{path}:{number}")
        where = best if kind == "raw" else whole
        found.append(Entry(picture, label, f"nuaa-{picture.parent.name}", where))
    return checked(found, path)
