"""Composed canvases as a training data set."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.detector.compose import Composer
from training.sampling import Key, rng_of

FACE, IGNORED, NOTHING = 1, 0, -1


class Sample(NamedTuple):
    """One canvas: image (3, H, W) uint8 RGB, boxes (n, 4) float32 pixels, kinds (n,) int64."""

    image: Tensor
    boxes: Tensor
    kinds: Tensor


class Batch(NamedTuple):
    """image (N, 3, H, W) uint8 RGB; boxes (N, M, 4) float32, pixel centres at integers; kinds
    (N, M) int64: FACE, IGNORED, or NOTHING where a canvas has fewer than M."""

    image: Tensor
    boxes: Tensor
    kinds: Tensor


class Canvases(Dataset[Sample]):
    """`size` canvases an epoch, each made anew from (seed, epoch, index)."""

    def __init__(self, composer: Composer, size: int, seed: int) -> None:
        self.composer, self.size, self.seed = composer, size, seed

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: Key) -> Sample:
        image, boxes, sure = self.composer.compose(rng_of(self.seed, key))
        planes = np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1))
        return Sample(
            torch.from_numpy(planes),
            torch.from_numpy(boxes),
            torch.from_numpy(np.where(sure, FACE, IGNORED).astype(np.int64)),
        )


def collate(samples: list[Sample]) -> Batch:
    """Boxes are filled up to the longest list of the batch."""
    most = max(1, *(len(s.kinds) for s in samples))
    boxes = torch.zeros(len(samples), most, 4)
    kinds = torch.full((len(samples), most), NOTHING)
    for i, sample in enumerate(samples):
        boxes[i, : len(sample.kinds)] = sample.boxes
        kinds[i, : len(sample.kinds)] = sample.kinds
    return Batch(torch.stack([s.image for s in samples]), boxes, kinds)
