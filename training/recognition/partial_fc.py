"""Class centres split over the processes, and the softmax over all or some of them.

A million people at 512 numbers are 2 GB of weights, and four times that with gradients and
AdamW's averages. Each of W processes holds 1/W of the classes (An et al. 2021, "Partial FC") and
computes the logits of the joint batch for those alone. With `rate` below 1 each step takes, of the
classes that no picture of the batch belongs to, only a share drawn anew (An et al. 2022): logits
and their gradients shrink likewise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge.errors import UsageError
from training.recognition import joint
from training.recognition.heads import MarginHead
from training.recognition.model import LEAST_LENGTH

BLOCK = 1024
"""Classes whose first weights come from one generator, however they are split."""


class Found(NamedTuple):
    """loss: () with gradient. cosine: () mean cosine to the own class, nearest centre."""

    loss: Tensor
    cosine: Tensor


class PartialFC(nn.Module):
    """One process's share of the class centres, under a margin head.

    Called with the embeddings (n, D) and labels (n,) int64 0..classes-1 of this process's part of
    the batch; all processes call it in the same step with equally many. The loss is that of the
    joint batch, the same on each. Its gradient is exact for the centres of each process, and made
    so for the embeddings that *averaging* over processes, as DistributedDataParallel does with the
    backbone's gradients, gives the gradient of that loss.

    Args:
        head: the margin.
        classes: of all processes together.
        embedding: D.
        rank, world: which share of how many. Process r holds `share_of(classes, r, world)`.
        rate: share of this process's classes that take part in a step; those of the batch always
            do, so that it is exceeded where they are more.
        seed: of the first weights, which do not depend on `world`, and of the draws.

    Raises UsageError for a rate outside 0..1 or fewer classes than processes.
    """

    step: Tensor

    def __init__(
        self,
        head: MarginHead,
        classes: int,
        embedding: int,
        *,
        rank: int = 0,
        world: int = 1,
        rate: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if classes < max(world, 2):
            raise UsageError(f"{classes} classes are too few for {world} processes")
        self.head, self.classes, self.rank, self.world = head, classes, rank, world
        self.rate, self.seed = rate_in_bounds(rate), seed
        self.mine = share_of(classes, rank, world)
        self.weight = nn.Parameter(_first(self.mine, head.centres, embedding, seed))
        self.register_buffer("step", torch.tensor(0))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Found:
        everyone = joint.gathered(embeddings.float())
        if self.world > 1 and everyone.requires_grad:
            # A process's loss reaches the embeddings by its own classes alone: the sum over
            # processes is the gradient, and the mean will be taken.
            everyone.register_hook(lambda gradient: gradient * self.world)
        labels = joint.gathered(labels)
        here = (labels >= self.mine.start) & (labels < self.mine.stop)
        column = torch.where(here, labels - self.mine.start, -1)
        weight: Tensor = self.weight
        if self.rate < 1 and self.training:
            kept = self.drawn(column[here].cpu().numpy()).to(weight.device)
            weight = weight[kept]
            column = torch.where(here, torch.searchsorted(kept, column), -1)
        directions = F.normalize(weight, dim=2).flatten(0, 1)
        cosine = F.normalize(everyone, eps=LEAST_LENGTH) @ directions.T
        cosine = cosine.unflatten(1, weight.shape[:2])
        logits = self.head(cosine, column, everyone.norm(dim=1))
        if self.training:
            self.step += 1
        own = self.head.pooled(cosine.detach()[here.nonzero().flatten(), column[here]][:, None])
        mean = joint.total(own.sum()) / len(labels)
        return Found(joint.split_cross_entropy(logits, column), mean)

    def drawn(self, own: np.ndarray) -> Tensor:
        """Sorted columns (k,) of this step: those of the batch, and others by chance.

        own: columns of the batch's classes. The draw follows from (seed, step, rank) alone, so
        that a resumed run draws the same.
        """
        count = len(self.mine)
        positive = np.unique(own)
        wanted = max(round(self.rate * count), len(positive), 1)
        rng = np.random.default_rng((self.seed, int(self.step), self.rank))
        lots = rng.random(count)
        lots[positive] = -1.0
        kept = np.argpartition(lots, wanted - 1)[:wanted]
        return torch.from_numpy(np.sort(kept))


def rate_in_bounds(rate: float) -> float:
    """The sampling rate. Raises UsageError unless it is above 0 and at most 1."""
    if not 0 < rate <= 1:
        raise UsageError(f"the sampling rate must be above 0 and at most 1, not {rate:g}")
    return rate


def share_of(classes: int, rank: int, world: int) -> range:
    """The classes of process `rank` of `world`: consecutive, and as many as the others' or one
    more or less."""
    return range(classes * rank // world, classes * (rank + 1) // world)


def _first(mine: range, centres: int, embedding: int, seed: int) -> Tensor:
    """(len(mine), centres, embedding) normal of deviation 0.01, as the authors begin."""
    parts = []
    for block in range(mine.start // BLOCK, -(-mine.stop // BLOCK)):
        rng = np.random.default_rng((seed, block))
        values = rng.standard_normal((BLOCK, centres, embedding), dtype=np.float32)
        low, high = max(mine.start - block * BLOCK, 0), mine.stop - block * BLOCK
        parts.append(values[low:high] * np.float32(0.01))
    return torch.from_numpy(np.concatenate(parts))
