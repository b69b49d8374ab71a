"""What a training brings to the common loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from torch import Tensor, nn
from torch.utils.data import Dataset


class Task(Protocol):
    """What is trained. See `training.loop.fit` for when each part is called.

    name: of the run. score: the figure of `validate` that chooses best.ckpt. train: a map-style
    data set asked by `Key`; its attribute `weights`, if there is one, makes some samples more
    frequent. collate: of the data loader; None is torch's own.

    A method `shard(rank, world) -> nn.Module`, if there is one, is asked once for what each process
    has for itself (`training.shards`). An attribute `regime`, if there is one, brings its own
    optimiser, learning rate and checkpoints (`training.regime`).
    """

    # Properties: the loop only reads them, so a task may hold a class of its own.
    @property
    def name(self) -> str: ...
    @property
    def score(self) -> str: ...
    @property
    def lower_is_better(self) -> bool: ...
    @property
    def module(self) -> nn.Module: ...
    @property
    def train(self) -> Dataset[Any]: ...
    @property
    def collate(self) -> Callable[[list[Any]], Any] | None: ...

    def loss(self, module: nn.Module, batch: Any) -> dict[str, Tensor]:
        """ "loss" is minimised, the others are recorded. Means over the batch's samples."""
        ...

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Figures of the averaged weights, on held-back data."""
        ...

    def description(self) -> dict[str, Any]:
        """Plain values from which the network can be built again; stored in each checkpoint."""
        ...
