"""Labelled faces as the recogniser's crops, each made by the device's code from 68 points."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training import augment, labels
from training.errors import DataError
from training.landmarks.data.face import subject
from training.landmarks.data.label_csv import identity_of_path
from training.pictures import Pictures
from training.recognition import crops
from training.recognition.crops import Image, Jitter, Matrix
from training.recognition.sources import Face
from training.sampling import Key, rng_of
from training.split import is_validation

FACE = np.array([16.0, 12.0, 95.0, 110.0])
"""Where the face is in a crop, brow to chin: what hands and masks are laid on."""


@dataclass(frozen=True, eq=False)
class AlignedFace:
    """One face. onto: (2, 3) from its picture to the crop. identity: whose, by its name."""

    pictures: Pictures
    name: str
    identity: str
    onto: Matrix

    def crop(self, then: Matrix | None = None) -> Image:
        """(112, 112, 3) uint8 BGR as the device makes it; `then` moves the crop first."""
        onto = self.onto if then is None else crops.after(self.onto, then)
        return crops.crop(self.pictures.read(self.name), onto)


def load(pictures: Path, label_file: Path, *, validation: bool | None) -> list[AlignedFace]:
    """The face that each picture is of, of one side of the people; None takes both.

    A face without 68 points is left out: it cannot be laid on the template. Raises DataError.
    """
    store = Pictures(pictures)
    found = []
    for name, faces in sorted(labels.read(label_file).items()):
        if name not in store:
            raise DataError(f"{label_file}: names {name!r}, which is not in {pictures}")
        who = identity_of_path(name)
        label = subject(faces)
        wanted = validation is None or is_validation(who) == validation
        if wanted and label.points is not None:
            found.append(AlignedFace(store, name, who, crops.matrix(label.points)))
    if not found:
        raise DataError(
            f"{label_file}: no face with 68 points on this side; python -m training.label "
            "--points places them"
        )
    return found


@dataclass(frozen=True)
class Views:
    """How the network sees a face while it learns.

    jitter: of the crop. strength: of `augment.photometric`. covered: share with a hand, mask or
    bar. small: share that is shown as a face far away would be.
    """

    jitter: Jitter = field(default_factory=Jitter)
    strength: float = 1.0
    covered: float = 0.1
    small: float = 0.2

    def draw(self, face: Face, rng: np.random.Generator) -> Image:
        """A degraded crop (112, 112, 3) uint8 BGR."""
        image = face.crop(self.jitter.draw(rng))
        if rng.random() < self.covered:
            image = augment.occlude(image, rng, FACE[None])
        image = augment.photometric(image, rng, self.strength)
        if rng.random() < self.small:
            image = augment.distant(image, rng, least=0.2)
        return image


class Sample(NamedTuple):
    """image (3, 112, 112) uint8 RGB; target (D,) float32 of unit length."""

    image: Tensor
    target: Tensor


def planes(image: Image) -> NDArray[np.uint8]:
    """(3, 112, 112) RGB of a crop."""
    return np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1))


class DistilledFaces(Dataset[Sample]):
    """Degraded views of faces with what a teacher says of the undegraded ones.

    targets: (n, D) float32. Half of the views are mirrored; the target stays, since a face and
    its mirror image are one person.
    """

    def __init__(
        self, faces: list[AlignedFace], targets: NDArray[np.float32], views: Views, seed: int
    ) -> None:
        if len(faces) != len(targets):
            raise ValueError(f"{len(targets)} targets for {len(faces)} faces")
        self.faces, self.targets, self.views, self.seed = faces, targets, views, seed

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, key: Key) -> Sample:
        rng = rng_of(self.seed, key)
        image = self.views.draw(self.faces[key.index], rng)
        if rng.random() < 0.5:
            image = image[:, ::-1]
        return Sample(
            torch.from_numpy(planes(image)), torch.from_numpy(self.targets[key.index].copy())
        )
