"""What each process of a training has for itself, beside the network that all have alike.

A task with a method `shard(rank, world) -> nn.Module` has such a part: class centres that are too
many for one process, say. Its parameters are trained with the network's, by the gradients that
this process finds; they are not averaged with other processes', nor over time. In a checkpoint
they lie in a file of each process beside last.ckpt, named after the step, so that a kill while
they are written leaves a last.ckpt and the files that belong to it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from training import checkpoint
from training.errors import CheckpointError


class Shard:
    """The own part of process `rank` of `world`.

    first: how many parameters of the optimiser come before the shard's.
    """

    def __init__(self, module: nn.Module, rank: int, world: int, first: int) -> None:
        self.module, self.rank, self.world, self.first = module, rank, world, first

    def path(self, folder: Path, step: int) -> Path:
        """Where it lies in the checkpoint of `step`."""
        return folder / f"last.{step}.shard-{self.rank + 1}-of-{self.world}.ckpt"

    def save(self, folder: Path, step: int, optimiser: dict[str, Any]) -> None:
        """Writes this process's file. optimiser: the state of all its parameters."""
        own = {i: v for i, v in optimiser["state"].items() if i >= self.first}
        content = {"step": step, "shard": self.module.state_dict(), "optimiser": own}
        checkpoint.save(self.path(folder, step), content)

    def common(self, optimiser: dict[str, Any]) -> dict[str, Any]:
        """The optimiser's state without the shard's: what last.ckpt holds."""
        state = {i: v for i, v in optimiser["state"].items() if i < self.first}
        return {**optimiser, "state": state}

    def forget(self, folder: Path, step: int) -> None:
        """Removes the files of other steps and of other numbers of processes."""
        kept = set(folder.glob(f"last.{step}.shard-*-of-{self.world}.ckpt"))
        for path in set(folder.glob("last.*.shard-*.ckpt")) - kept:
            path.unlink(missing_ok=True)  # every process tries, one succeeds

    def restore(self, folder: Path, step: int, optimiser: dict[str, Any]) -> dict[str, Any]:
        """Loads the module; returns the optimiser's whole state. Raises CheckpointError."""
        path = self.path(folder, step)
        if not path.exists():
            found = sorted(p.name for p in folder.glob(f"last.{step}.shard-*.ckpt"))
            raise CheckpointError(
                f"{path}: no such part of the checkpoint; a run is resumed with as many processes "
                f"as wrote it, and all see the same --out ({', '.join(found) or 'none'} there)"
            )
        content = checkpoint.read(path)
        try:
            self.module.load_state_dict(content["shard"])
            state = {**optimiser["state"], **content["optimiser"]}
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(f"{path}: is of another network: {error}") from error
        return {**optimiser, "state": state}

    def agree_on_overflow(self) -> None:
        """Where one process's gradient is not finite, no process's is.

        In 16-bit precision an optimiser skips such a step. Each process must skip the same ones,
        or the copies of the network part.
        """
        if self.world == 1:
            return
        gradients = [p.grad for p in self.module.parameters() if p.grad is not None]
        bad = torch.tensor(
            float(not all(torch.isfinite(g).all() for g in gradients)),
            device=next(self.module.parameters()).device,
        )
        dist.all_reduce(bad, dist.ReduceOp.MAX)
        if bad and gradients:
            gradients[0].view(-1)[0] = math.nan
