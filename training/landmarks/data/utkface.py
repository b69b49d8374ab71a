"""UTKFace (Zhang et al. 2017): age, gender and a group of people in a picture's name.

`[age]_[gender]_[race]_[date&time].jpg`, age in years, gender 0 male and 1 female, race 0 White, 1
Black, 2 Asian, 3 Indian, 4 others. A few names of the public set lack a part: they are counted and
named, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from training.labels import FaceLabel
from training.landmarks.data.face import Face, subject
from training.landmarks.data.label_csv import trusted_points

GROUPS = ("White", "Black", "Asian", "Indian", "others")
OLDEST = 116
_NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_\d{6,}\.")


@dataclass(frozen=True)
class Parsed:
    """age: years. gender: 0 male, 1 female. group: index into `GROUPS`."""

    age: int
    gender: int
    group: int


def parse(name: str) -> Parsed | None:
    """What a picture's name says; None for a name that lacks a part or has it out of range."""
    match = _NAME.match(PurePosixPath(name).name)
    if match is None:
        return None
    age, gender, group = (int(v) for v in match.groups())
    return Parsed(age, gender, group) if age <= OLDEST else None


def read(
    names: Sequence[str], labels: Mapping[str, Sequence[FaceLabel]]
) -> tuple[list[Face], list[str], list[str]]:
    """Faces; then the malformed names; then the names without a face in `labels`."""
    faces, malformed, unseen = [], [], []
    for name in names:
        parsed = parse(name)
        if parsed is None:
            malformed.append(name)
        elif name not in labels:
            unseen.append(name)
        else:
            label = subject(labels[name])
            faces.append(
                Face(
                    name,
                    name,
                    label.box,
                    trusted_points(label),
                    pose=np.asarray(label.pose, np.float32),
                    age=float(parsed.age),
                    gender=parsed.gender,
                    group=GROUPS[parsed.group],
                )
            )
    return faces, malformed, unseen
