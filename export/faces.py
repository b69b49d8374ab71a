"""What each network sees of pictures, cut by the device's own code, in three sets by person."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from edge.faces import detect, embed, landmarks, liveness
from edge.packs import Pack, preprocess
from training.landmarks.data.label_csv import identity_of_path
from training.liveness import samples
from training.pictures import Pictures
from training.split import is_validation

from .errors import ExportError

Tensor: TypeAlias = NDArray[np.float32]
Image: TypeAlias = NDArray[np.uint8]
CHOOSING = 4
"""Every so many-th picture of the training people chooses between variants instead."""


@dataclass
class Seen:
    """Network inputs (1, 3, h, w) by set, for one role.

    calibration: for ranges. choosing: compares methods and layers. held: of people whom no
    training saw; only the report is made with them.
    """

    calibration: list[Tensor] = field(default_factory=list)
    choosing: list[Tensor] = field(default_factory=list)
    held: list[Tensor] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """Pictures with the side that each is on.

    Raises ExportError when one of the sides is empty.
    """

    name: str
    pictures: Pictures
    sides: dict[str, str]

    @classmethod
    def of(cls, path: Path, limit: int, held_back: Collection[str] = ()) -> Source:
        """At most `limit` pictures of a folder or tar, evenly spread over its names.

        held_back: people kept out of training besides those of `training.split`; a set that has
        one of them is split by this list alone. `people.csv` (clip, person) in a folder names the
        people of sub-folders, a `list.csv` of `training.liveness.samples` those of its pictures.
        """
        pictures = Pictures(path)
        names = pictures.names
        names = (
            [names[i * len(names) // limit] for i in range(limit)] if limit < len(names) else names
        )
        people = _people(path)
        who = {n: people.get(n, people.get(n.split("/")[0], identity_of_path(n))) for n in names}
        listed = set(held_back) & set(who.values())
        sides: dict[str, str] = {}
        for name in names:
            held = who[name] in listed if listed else is_validation(who[name])
            trained = sum(side != "held" for side in sides.values())
            sides[name] = "held" if held else "calibration" if trained % CHOOSING else "choosing"
        for side in ("calibration", "choosing", "held"):
            if side not in sides.values():
                raise ExportError(
                    f"{path}: none of {len(names)} pictures is for {side}; people held back from "
                    "training and others are both needed (see training.split): give more pictures"
                )
        return cls(path.name, pictures, sides)


def _people(path: Path) -> dict[str, str]:
    if not path.is_dir():
        return {}
    found = {
        sample.picture.relative_to(path).as_posix(): sample.person
        for listed in sorted(path.rglob("list.csv"))
        for sample in samples.read(listed)
    }
    listed = path / "people.csv"
    if listed.is_file():
        with listed.open(encoding="utf-8", newline="") as file:
            found |= {row["clip"]: row["person"] for row in csv.DictReader(file)}
    return found


class _Recorder:
    """A network that keeps what it was given."""

    def __init__(self, network: Any) -> None:
        self.network, self.given = network, list[Tensor]()

    def run(self, tensor: Tensor) -> list[Tensor]:
        self.given.append(tensor)
        return cast("list[Tensor]", self.network.run(tensor))


def look(
    pack: Pack,
    sources: Sequence[Source],
    roles: Collection[str],
    advance: Callable[[], object] = lambda: None,
) -> dict[str, Seen]:
    """What the networks of `roles` are given on the sources' pictures, by role.

    pack: its detector finds the faces; the surest of a picture counts. advance: called after each
    picture.

    Raises ExportError when a role is given nothing of one of the sides.
    """
    found = {role: Seen() for role in roles}
    for side, image in _images(sources):
        for role, tensors in inputs(pack, image, roles).items():
            getattr(found[role], side).extend(tensors)
        advance()
    for role, seen in found.items():
        for side in ("calibration", "choosing", "held"):
            if not getattr(seen, side):
                raise ExportError(f"no face for {role} was found on the pictures for {side}")
    return found


def _images(sources: Sequence[Source]) -> Iterator[tuple[str, Image]]:
    for source in sources:
        for name, side in source.sides.items():
            yield side, source.pictures.read(name)


def inputs(pack: Pack, image: Image, roles: Collection[str]) -> dict[str, list[Tensor]]:
    """What the networks of `roles` are given on one picture; nothing but a frame without a face."""
    given = _Recorder(pack.detector)
    boxes, _ = detect.detect(replace(pack, detector=cast("Any", given)), image)
    found = {"detector": given.given} if "detector" in roles else {}
    if not len(boxes):
        return found
    if "landmarks" in roles:
        given = _Recorder(pack.landmarks)
        landmarks.locate(replace(pack, landmarks=cast("Any", given)), image, boxes[0])
        found["landmarks"] = given.given
    if "embedder" in roles:
        points = landmarks.locate(pack, image, boxes[0]).points
        found["embedder"] = [embed.aligned(pack, image, points)]
    if "liveness" in roles:
        given = _Recorder(pack.liveness)
        points = landmarks.locate(pack, image, boxes[0]).points
        liveness.passive(replace(pack, liveness=cast("Any", given)), image, boxes[0], points)
        found["liveness"] = given.given
    if "age_gender" in roles:
        role = pack.manifest.roles.age_gender
        assert role is not None and role.input.fit.kind == "box"
        matrix = preprocess.box_matrix(role.input.fit, role.input, boxes[0])
        found["age_gender"] = [preprocess.tensor(image, matrix, role.input)]
    return found
