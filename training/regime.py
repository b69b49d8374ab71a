"""How the weights move and what is kept of them: optimiser, learning rate, checkpoints.

`Usual` is what the loop does on its own. A task with an attribute `regime` brings another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from edge.errors import UsageError
from training.plan import Plan
from training.schedule import warm_restarts, warmup_cosine

# Arguments are parsed, and reports made, by commands that never load torch.
if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

Groups = list[dict[str, Any]]
"""Parameter groups as torch's optimisers take them; each states its weight decay."""


class Regime(Protocol):
    """What the loop asks. All answers follow from the arguments, so that a run can be resumed.

    decides: plain values that a resumed run must share with the one it goes on with.
    """

    @property
    def decides(self) -> dict[str, object]: ...

    def optimiser(self, groups: Groups, plan: Plan) -> Optimizer:
        """One that moves these parameters."""
        ...

    def rate(self, plan: Plan, step: int, steps: int) -> float:
        """The learning rate of `step`, counted from 0 over the run. steps: of one epoch."""
        ...

    def checkpoints(self, epoch: int) -> Sequence[str]:
        """Names of the files that this epoch may be kept in, beside best.ckpt.

        A file holds the best of the epochs that name it: one named once holds that epoch.
        """
        ...


class Usual:
    """AdamW; a linear rise and half a cosine; no checkpoints beside the loop's own."""

    decides: dict[str, object] = {}  # noqa: RUF012

    def optimiser(self, groups: Groups, plan: Plan) -> Optimizer:
        from torch.optim import AdamW

        return AdamW(groups, lr=plan.lr)

    def rate(self, plan: Plan, step: int, steps: int) -> float:
        return plan.lr * warmup_cosine(step, steps * plan.epochs, plan.warmup)

    def checkpoints(self, epoch: int) -> Sequence[str]:
        return ()


@dataclass(frozen=True)
class Restarts:
    """Stochastic gradient descent with warm restarts (Loshchilov and Hutter 2017), with snapshots.

    Each cycle begins at the plan's rate and ends at `least`. Kept are each cycle's best epoch
    (`cycle-1-best.ckpt`) and its last (`cycle-1-last.ckpt`): a snapshot ensemble (Huang et al.
    2017) from one run.

    Raises UsageError for values out of bounds.
    """

    cycles: int
    epochs: int
    """Of one cycle."""
    momentum: float = 0.9
    least: float = 1e-3

    def __post_init__(self) -> None:
        for name in ("cycles", "epochs"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} of a cycle: at least 1, not {getattr(self, name)}")
        if not 0 <= self.momentum < 1:
            raise UsageError(f"momentum must be at least 0 and below 1, not {self.momentum:g}")
        if not (math.isfinite(self.least) and self.least >= 0):
            raise UsageError(f"the least rate must not be negative, it is {self.least:g}")

    @property
    def decides(self) -> dict[str, object]:
        words = {"epochs": "cycle length", "least": "least lr"}
        return {words.get(name, name): value for name, value in asdict(self).items()}

    def optimiser(self, groups: Groups, plan: Plan) -> Optimizer:
        from torch.optim import SGD

        return SGD(groups, lr=plan.lr, momentum=self.momentum)

    def rate(self, plan: Plan, step: int, steps: int) -> float:
        return warm_restarts(step, self.epochs * steps, plan.lr, self.least)

    def checkpoints(self, epoch: int) -> Sequence[str]:
        cycle, place = divmod(epoch, self.epochs)
        best, last = snapshot(cycle, "best"), snapshot(cycle, "last")
        return (best, last) if place + 1 == self.epochs else (best,)


def snapshot(cycle: int, which: str) -> str:
    """The file of a cycle, counted from 0. which: "best" or "last"."""
    return f"cycle-{cycle + 1}-{which}.ckpt"


def groups_of(module: nn.Module, decay: float) -> Groups:
    """Decay pulls weights to zero, not biases nor the scales of normalisations."""
    trained = [p for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
