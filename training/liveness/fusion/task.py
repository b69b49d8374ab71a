"""A fusion network as a task of the common loop, and how it scores a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from edge.presentation import acer, apcer, bpcer
from training.errors import DataError
from training.liveness.fusion import patches
from training.liveness.fusion.modalities import MODALITIES
from training.liveness.fusion.model import LIVE, Design, FusionNet, unpacked
from training.liveness.sources.casia_surf import ModalSample
from training.regime import Restarts
from training.sampling import Key, rng_of

BOUND = 0.5
"""From which live probability on a face counts as living, while training (Alive_Detect)."""


class Batch(NamedTuple):
    """patch (..., 9, S, S) uint8; live (...) int64."""

    patch: Tensor
    live: Tensor


class Patches(Dataset[Batch]):
    """Random patches of a list, as many of living faces as of attacks. Asked by `Key`."""

    def __init__(self, samples: Sequence[ModalSample], side: int, seed: int) -> None:
        self.samples, self.side, self.seed = samples, side, seed
        live = np.array([s.live for s in samples])
        if live.all() or not live.any():
            raise DataError("a training needs living faces and attacks")
        self.weights = np.where(live, 0.5 / live.sum(), 0.5 / (~live).sum())

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: Key) -> Batch:
        sample = self.samples[key.index]
        pictures = patches.read(paths(sample))
        patch = patches.drawn(pictures, self.side, rng_of(self.seed, key))
        return Batch(torch.from_numpy(patch), torch.tensor(int(sample.live)))


class FusionTask:
    """Trains a `FusionNet`; chooses by the ACER of `held`, all modalities given."""

    name = "fusion"
    score = "acer"
    lower_is_better = True
    collate: Callable[[list[Any]], Any] | None = None

    def __init__(
        self,
        design: Design,
        train: Sequence[ModalSample],
        held: Sequence[ModalSample],
        regime: Restarts,
        seed: int,
    ) -> None:
        if all(s.live for s in held) or not any(s.live for s in held):
            raise DataError("a validation needs living faces and attacks")
        self.design, self.regime, self.held = design, regime, held
        self.train: Dataset[Any] = Patches(train, design.patch, seed)
        self.module: nn.Module = design.build()

    def loss(self, module: nn.Module, batch: Batch) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(module(*unpacked(batch.patch)).float(), batch.live)}

    def validate(self, module: nn.Module) -> dict[str, float]:
        assert isinstance(module, FusionNet)
        return figures(self.held, np.array(list(scores(module, self.held))), BOUND)

    def description(self) -> dict[str, Any]:
        return self.design.plain()


def paths(sample: ModalSample, given: Sequence[str] = MODALITIES) -> dict[str, Path]:
    """The files of the given modalities."""
    return {name: getattr(sample, name) for name in given}


@torch.no_grad()
def scores(
    net: FusionNet,
    samples: Sequence[ModalSample],
    given: Sequence[str] = MODALITIES,
    *,
    flips: bool = False,
) -> Iterable[float]:
    """Live probability 0..1 of each sample in turn: the mean over its patches.

    given: modalities that the network is shown. flips: of 36 patches, not of 9.
    """
    net.eval()
    device = next(net.parameters()).device
    for sample in samples:
        shown = patches.nine(patches.read(paths(sample, given)), net.design.patch, flips=flips)
        said = net(*unpacked(torch.from_numpy(shown).to(device)))
        yield float(said.float().softmax(1)[:, LIVE].mean())


def by_instrument(
    samples: Sequence[ModalSample], found: NDArray[np.floating]
) -> tuple[dict[str, NDArray[np.floating]], NDArray[np.floating]]:
    """Scores (n,) of each instrument's attacks, and of the living faces."""
    labels = np.array([s.label for s in samples])
    live = np.array([s.live for s in samples])
    return {str(name): found[labels == name] for name in np.unique(labels[~live])}, found[live]


def figures(
    samples: Sequence[ModalSample], found: NDArray[np.floating], bound: float
) -> dict[str, float]:
    """acer (worst instrument's APCER and BPCER, halved), bpcer, and apcer of each instrument."""
    attacks, live = by_instrument(samples, found)
    return {
        "acer": acer(attacks, live, bound),
        "bpcer": bpcer(live, bound).value,
        **{f"apcer_{name}": rate.value for name, rate in apcer(attacks, bound).items()},
    }
