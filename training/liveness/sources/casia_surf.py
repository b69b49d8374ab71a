"""CASIA-SURF (Zhang et al. 2019): lists of colour, depth and infrared pictures of one moment.

A line of `train_list.txt` or `val_private_list.txt` is `COLOUR DEPTH IR LABEL`: three paths from
the list's folder, their parts separated by `/`, and 1 for a living face or 0 for an attack. The
pictures are faces already cut out. Training paths name person and instrument
(`Training/fake_part/CLKJ_AS0005/04_en_b.rssdk/color/101.jpg`), others name neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.liveness.samples import LIVE, Sample

ATTACK = "attack"
"""The instrument where a set does not say which."""
_TRAINING = re.compile(r"(?:^|/)(?P<part>fake|real)_part/(?P<person>[^/]+)/(?P<kind>[^/]+)/")


@dataclass(frozen=True)
class ModalSample:
    """One presentation before three sensors, whose pictures lie on each other pixel for pixel.

    label: "live" or the instrument. person: who is shown, or the picture's own name where the set
    does not say, so that each such picture stands alone.
    """

    colour: Path
    depth: Path
    ir: Path
    label: str
    person: str

    @property
    def live(self) -> bool:
        """Whether it is a bona fide presentation."""
        return self.label == LIVE


def read(path: Path) -> list[ModalSample]:
    """The samples of a list, in its order. Raises DataError naming file and line.

    A line without a label, as the public test list has, is an error: it can be neither learned
    nor counted.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    found = [_parse(line, path, n) for n, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise DataError(f"{path}: no samples")
    return found


def colour(path: Path) -> Iterator[Sample]:
    """The colour pictures alone; the box is the whole picture. Raises DataError."""
    for modal in read(path):
        yield Sample(modal.colour, modal.label, modal.person, whole(modal.colour))


def whole(path: Path) -> NDArray[np.float32]:
    """(4,) the box of a picture that is a face already cut out. Raises DataError."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{path}: not a picture that can be read")
    height, width = image.shape[:2]
    return np.array([-0.5, -0.5, width - 0.5, height - 0.5], np.float32)


def _parse(line: str, path: Path, number: int) -> ModalSample:
    where = f"{path}:{number}"
    fields = line.split()
    if len(fields) != 4 or fields[3] not in ("0", "1"):
        raise DataError(f"{where}: not 'COLOUR DEPTH IR LABEL' with label 0 or 1: {line.strip()!r}")
    *names, label = fields
    for name in names:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts:
            raise DataError(f"{where}: {name} leads out of the list's folder")
    told = _TRAINING.search(names[0])
    person = told["person"] if told else names[0]
    kind = LIVE if label == "1" else ATTACK
    if told is not None:
        if (told["part"] == "real") != (label == "1"):
            raise DataError(f"{where}: label {label} for {names[0]}")
        if label == "0":
            kind = told["kind"].removesuffix(".rssdk")
    pictures = [path.parent / name for name in names]
    return ModalSample(*pictures, label=kind, person=person)
