"""Which sample comes when, and where its randomness comes from.

Everything random about a sample follows from (seed, epoch, index, repeat) alone: not from which
worker draws it, nor from what was drawn before. So a run that was killed and resumed, a run with
other workers, and a run spread over several machines all see the same samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler


@dataclass(frozen=True, slots=True)
class Key:
    """What a training data set is asked for: sample `index` as it looks in `epoch`.

    repeat: how often the epoch has shown it before. Weighted sampling shows some many times, and
    each time it must look different, or it is learned by heart.
    """

    epoch: int
    index: int
    repeat: int = 0


def rng_of(seed: int, key: Key) -> np.random.Generator:
    """The generator of one sample, one time, in one epoch."""
    return np.random.default_rng((seed, key.epoch, key.index, key.repeat))


def repeats(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,): how often each entry of (n,) occurs before itself."""
    by_value = np.argsort(order, kind="stable")
    ordered = order[by_value]
    first = np.searchsorted(ordered, ordered, side="left")
    out = np.empty_like(order)
    out[by_value] = np.arange(len(order)) - first
    return out


class KeyedSampler(Sampler[Key]):
    """The keys of one epoch for one of `world` equal processes.

    The joint batch of step s is `batch * world` consecutive keys of the epoch's order; this
    process takes every `world`-th of them. The keys left over at the end of an epoch, too few for
    a joint batch, are dropped: every step has the same size on every process.

    Args:
        size: samples in the data set.
        seed: of the order.
        batch: keys of one step of one process.
        shuffle: another order each epoch. Off: 0, 1, 2, ...
        weights: (size,) relative frequencies; then `size` keys are drawn with replacement.

    Raises ValueError when there is not enough for one joint batch.
    """

    def __init__(
        self,
        size: int,
        *,
        seed: int,
        batch: int,
        shuffle: bool = True,
        rank: int = 0,
        world: int = 1,
        weights: NDArray[np.floating] | None = None,
    ) -> None:
        if size < batch * world:
            raise ValueError(
                f"{size} samples are fewer than one batch of {batch} on {world} processes"
            )
        if weights is not None and len(weights) != size:
            raise ValueError(f"{len(weights)} weights for {size} samples")
        self.size, self.seed, self.batch, self.shuffle = size, seed, batch, shuffle
        self.rank, self.world = rank, world
        self._chances = None if weights is None else np.asarray(weights, np.float64)
        if self._chances is not None:
            self._chances = self._chances / self._chances.sum()
        self._epoch = self._start = 0

    @property
    def steps(self) -> int:
        """Steps of a whole epoch."""
        return self.size // (self.batch * self.world)

    def begin(self, epoch: int, start_step: int = 0) -> None:
        """The epoch that the next iteration gives, from `start_step` on.

        Not called `set_epoch`: Fabric calls a method of that name with counts of its own.
        """
        self._epoch, self._start = epoch, start_step

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Indices (size,) in the order of `epoch`."""
        if not self.shuffle:
            return np.arange(self.size)
        rng = np.random.default_rng((self.seed, epoch))
        if self._chances is None:
            return rng.permutation(self.size)
        return rng.choice(self.size, self.size, p=self._chances)

    def __iter__(self) -> Iterator[Key]:
        joint = self.batch * self.world
        whole = self.order(self._epoch)
        part = slice(self._start * joint + self.rank, self.steps * joint, self.world)
        for index, repeat in zip(whole[part], repeats(whole)[part], strict=True):
            yield Key(self._epoch, int(index), int(repeat))

    def __len__(self) -> int:
        return (self.steps - self._start) * self.batch
