"""What several processes compute as one: the joint batch, and cross-entropy over split classes.

Alone, without torch.distributed, each is the plain operation.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def processes() -> int:
    """How many take part."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gathered(x: Tensor) -> Tensor:
    """(n, ...) of each process, one after the other: (n x processes, ...), the same on each.

    The gradient of what a process has given is the sum of what all processes' losses say of it.
    """
    if processes() == 1:
        return x
    everyone: Tensor = _Gathered.apply(x)
    return everyone


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.count = len(x)
        parts = [torch.empty_like(x) for _ in range(processes())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Tensor:
        # Reduced whole, as not all backends can scatter: it is small beside the logits.
        whole = outer[0].contiguous().clone()
        dist.all_reduce(whole, dist.ReduceOp.SUM)
        return whole[dist.get_rank() * ctx.count :][: ctx.count]


class SplitCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of logits whose columns are split over the processes (An et al. 2021).

    split_cross_entropy(logits (N, C of this process), label (N,)): label is the column of a row's
    own class, -1 where another process has it; each has it on exactly one. Returns () float32, the
    same everywhere. The gradient is that of this process's logits.

    Only the largest logit, the sum of exponentials and the own class's logit of each row travel.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, label: Tensor) -> Tensor:
        logits = logits.float()
        largest = logits.amax(dim=1)
        _reduce(largest, dist.ReduceOp.MAX)
        share = (logits - largest[:, None]).exp_()
        total = share.sum(dim=1)
        rows = torch.nonzero(label >= 0).flatten()
        own = torch.zeros_like(total)
        own[rows] = logits[rows, label[rows]] - largest[rows]
        _reduce(total, dist.ReduceOp.SUM)
        _reduce(own, dist.ReduceOp.SUM)
        ctx.save_for_backward(share.div_(total[:, None]), rows, label[rows])
        return (total.log() - own).mean()

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None]:
        share, rows, columns = ctx.saved_tensors
        # In place, since this is the largest tensor of all: there is one backward, and torch
        # refuses a second one.
        share[rows, columns] -= 1
        return share.mul_(outer[0] / len(share)), None


def split_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """See `SplitCrossEntropy`."""
    loss: Tensor = SplitCrossEntropy.apply(logits, label)
    return loss


def total(x: Tensor) -> Tensor:
    """The sum of a tensor over the processes, without gradient."""
    x = x.detach().clone()
    _reduce(x, dist.ReduceOp.SUM)
    return x


def _reduce(x: Tensor, how: Any) -> None:
    if processes() > 1:
        dist.all_reduce(x, how)
