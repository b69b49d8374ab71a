"""Training samples: a patch somewhere in a face that is flipped, turned and lacks resolution."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training import augment
from training.liveness import crops
from training.liveness.crops import Jitter
from training.liveness.dataset import balanced
from training.liveness.store import Store
from training.sampling import Key, rng_of

TURN = 30.0
"""Degrees by which a face is turned at most."""
COARSEST = 0.2
"""Share of its pixels along a side that a face is left with at least, half of the time."""


class Batch(NamedTuple):
    """patch (..., 3, P, P) uint8 RGB; live (...) int64."""

    patch: Tensor
    live: Tensor


class Patches(Dataset[Batch]):
    """A patch of each presentation; half of those drawn are live. Asked by `Key`."""

    def __init__(self, store: Store, patch: int, seed: int) -> None:
        self.store, self.patch, self.seed = store, patch, seed
        self.jitter = Jitter()
        self.weights = balanced(store.samples)

    def __len__(self) -> int:
        return len(self.store.samples)

    def __getitem__(self, key: Key) -> Batch:
        rng = rng_of(self.seed, key)
        sample = self.store.samples[key.index]
        face = distorted(self.store.cut(key.index, self.jitter.draw(sample.box, rng)), rng)
        x, y = place(face, self.patch, rng)
        part = face[y : y + self.patch, x : x + self.patch]
        return Batch(torch.from_numpy(crops.planes(part)), torch.tensor(int(sample.live)))


def distorted(face: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Flipped along either axis, turned by up to `TURN`, made coarser: (H, W, 3) uint8."""
    if rng.random() < 0.5:
        face = augment.distant(face, rng, COARSEST)
    height, width = face.shape[:2]
    middle = ((width - 1) / 2, (height - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, rng.uniform(-TURN, TURN), 1)
    face = np.asarray(
        cv2.warpAffine(face, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    for axis in (0, 1):
        if rng.random() < 0.5:
            face = np.flip(face, axis)
    return face


def place(face: NDArray[np.uint8], patch: int, rng: np.random.Generator) -> tuple[int, int]:
    """The upper left pixel (x, y) of a patch anywhere in the face."""
    height, width = face.shape[:2]
    return int(rng.integers(width - patch + 1)), int(rng.integers(height - patch + 1))
