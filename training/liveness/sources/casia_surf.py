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
from pathlib import Path

import cv2
import numpy as np

from training.errors import DataError
from training.liveness.samples import LIVE, Sample
from training.liveness.sources.entries import ATTACK, below, lines, whole

SIMULATED = "SIMULATED.txt"
"""Where this file lies beside a list nobody attacked a sensor: all of its attacks are simulated."""
_TRAINING = re.compile(r"(?:^|/)(?P<part>fake|real)_part/(?P<person>[^/]+)/(?P<kind>[^/]+)/")


@dataclass(frozen=True)
class ModalSample:
    """One presentation before three sensors, whose pictures lie on each other pixel for pixel.

    label: "live" or the instrument. person: who is shown, or the picture's own name where the set
    does not say, so that each such picture stands alone. simulated: an attack that no sensor saw.
    """

    colour: Path
    depth: Path
    ir: Path
    label: str
    person: str
    simulated: bool = False

    @property
    def live(self) -> bool:
        """Whether it is a bona fide presentation."""
        return self.label == LIVE


def read(path: Path) -> list[ModalSample]:
    """The samples of a list, in its order. Raises DataError naming file and line.

    A line without a label, as the public test list has, is an error: it can be neither learned
    nor counted.
    """
    simulated = (path.parent / SIMULATED).exists()
    found = [_parse(line, path, number, simulated) for number, line in lines(path)]
    if not found:
        raise DataError(f"{path}: no samples")
    return found


def colour(path: Path) -> Iterator[Sample]:
    """The colour pictures alone; the box is the whole picture. Raises DataError."""
    for modal in read(path):
        image = cv2.imread(str(modal.colour), cv2.IMREAD_COLOR)
        if image is None:
            raise DataError(f"{modal.colour}: not a picture that can be read")
        box = whole(0, np.asarray(image, np.uint8), lambda _: np.zeros((0, 4), np.float32))
        # A range is what reports know simulated attacks by; the made-up set draws from this one.
        drawn = "train" if modal.simulated else ""
        yield Sample(modal.colour, modal.label, modal.person, box, range=drawn)


def _parse(line: str, path: Path, number: int, simulated: bool) -> ModalSample:
    where = f"{path}:{number}"
    fields = line.split()
    if len(fields) != 4 or fields[3] not in ("0", "1"):
        raise DataError(f"{where}: not 'COLOUR DEPTH IR LABEL' with label 0 or 1: {line!r}")
    *names, label = fields
    colour, depth, ir = (below(path.parent, name, where) for name in names)
    told = _TRAINING.search(names[0])
    person = told["person"] if told else names[0]
    kind = LIVE if label == "1" else ATTACK
    if told is not None:
        if (told["part"] == "real") != (label == "1"):
            raise DataError(f"{where}: label {label} for {names[0]}")
        if label == "0":
            kind = told["kind"].removesuffix(".rssdk")
    return ModalSample(colour, depth, ir, kind, person, simulated and kind != LIVE)
