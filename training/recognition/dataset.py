"""Training samples: degraded views of faces and whose they are, one by one or person by person."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edge.errors import UsageError
from training.recognition.faces import Views, planes
from training.recognition.sources.sets import Faces
from training.sampling import Key, rng_of


class Batch(NamedTuple):
    """image (..., 3, 112, 112) uint8 RGB; label (...) int64. Without dimensions: one sample."""

    image: Tensor
    label: Tensor


class IdentityDataset(Dataset[Batch]):
    """One face a key. Half of the views are mirrored."""

    def __init__(self, faces: Faces, views: Views, seed: int) -> None:
        self.faces, self.views, self.seed = faces, views, seed

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, key: Key) -> Batch:
        return self.view(key.index, rng_of(self.seed, key))

    def view(self, index: int, rng: np.random.Generator) -> Batch:
        """Face `index` as it is seen this time."""
        image = self.views.draw(self.faces.face(index), rng)
        if rng.random() < 0.5:
            image = image[:, ::-1]
        return Batch(torch.from_numpy(planes(image)), torch.tensor(int(self.faces.label[index])))


class PeopleDataset(Dataset[Batch]):
    """`count` pictures of one person a key: a batch of P keys is a P x K batch.

    A person has a place for every `count` pictures, one at least, so that an epoch shows about
    every picture once. Which pictures go together is drawn anew each epoch, from (seed, epoch,
    person). Who has fewer than `count` is shown some of them twice, in other views.

    Raises UsageError when `count` is below 2.
    """

    def __init__(self, faces: Faces, views: Views, seed: int, count: int) -> None:
        if count < 2:
            raise UsageError(f"pairs need at least 2 pictures of each person, not {count}")
        self.single = IdentityDataset(faces, views, seed)
        self.seed, self.count = seed, count
        order = np.argsort(faces.label, kind="stable")
        self.pictures = np.split(order, np.nonzero(np.diff(faces.label[order]))[0] + 1)
        places = [max(1, len(theirs) // count) for theirs in self.pictures]
        self.person = np.repeat(np.arange(len(places)), places)
        self.place = np.concatenate([np.arange(n) for n in places])

    def __len__(self) -> int:
        return len(self.person)

    def chosen(self, key: Key) -> np.ndarray:
        """(count,) indices of the faces that a key shows."""
        person, place = int(self.person[key.index]), int(self.place[key.index])
        theirs = self.pictures[person]
        mixed = np.random.default_rng((self.seed, key.epoch, person)).permutation(theirs)
        return np.resize(mixed, max(self.count, len(mixed)))[place * self.count :][: self.count]

    def __getitem__(self, key: Key) -> Batch:
        rng = rng_of(self.seed, key)
        views = [self.single.view(int(index), rng) for index in self.chosen(key)]
        return Batch(*(torch.stack(part) for part in zip(*views, strict=True)))
