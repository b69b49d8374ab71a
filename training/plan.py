"""The plan of a training: everything that a run is made of beside its data and its network."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.errors import UsageError

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True)
class Plan:
    """How long, how fast and how carefully to train.

    out: folder of the run. epochs: over the data set. batch: samples of one step of one process.
    accumulate: steps whose gradients are added up before the weights move. lr: highest learning
    rate, reached after `warmup` (share of all steps), then cosine, unless the task's regime says
    otherwise. weight_decay: of weights of two or more dimensions. clip: largest gradient norm; 0 is
    none. ema: decay of the averaged weights, which are those validated and kept. precision: one of
    `PRECISIONS`.
    patience: epochs without a better score after which the run ends; 0 is never. workers:
    processes that load data. checkpoint_s: seconds between checkpoints within an epoch.

    Raises UsageError for values out of bounds.
    """

    out: Path
    epochs: int
    batch: int
    lr: float
    accumulate: int = 1
    weight_decay: float = 5e-4
    warmup: float = 0.03
    clip: float = 5.0
    ema: float = 0.999
    precision: str = "32-true"
    seed: int = 0
    patience: int = 0
    workers: int = 1
    checkpoint_s: float = 120.0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("accumulate", 1), ("workers", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if not self.lr > 0:
            raise UsageError(f"lr must be above 0, not {self.lr:g}")
        if self.precision not in PRECISIONS:
            raise UsageError(f"precision {self.precision!r} is none of {', '.join(PRECISIONS)}")
        for name in ("warmup", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 0 and below 1")
        for name in ("weight_decay", "clip", "patience", "checkpoint_s"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative")

    def as_json(self) -> str:
        """For `plan.json`, so that a run can be read years later."""
        return json.dumps({k: str(v) if k == "out" else v for k, v in asdict(self).items()})

    @property
    def decides(self) -> dict[str, object]:
        """The part that a resumed run must share with the one it goes on with."""
        free = ("out", "patience", "workers", "checkpoint_s", "precision")
        return {k: v for k, v in asdict(self).items() if k not in free}
