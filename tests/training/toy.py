"""A task small enough to train in a test: tell which quarter of a picture is bright.

Run as a program it trains, so that a test can kill it or start two of it:
python tests/training/toy.py OUT BATCH EPOCHS [--resume] [--slow] [--cycles]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.loop import fit
from training.plan import Plan
from training.regime import Restarts
from training.sampling import Key, rng_of

SEED = 3


class Quarters(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, size: int = 96, wait: float = 0.0) -> None:
        self.size, self.wait = size, wait

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: Key) -> tuple[Tensor, Tensor]:
        time.sleep(self.wait)
        rng = rng_of(SEED, key)
        quarter = key.index % 4
        picture = rng.normal(0, 0.5, (1, 8, 8)).astype(np.float32)
        y, x = 4 * (quarter // 2), 4 * (quarter % 2)
        picture[:, y : y + 4, x : x + 4] += 1
        return torch.from_numpy(picture), torch.tensor(quarter)


class Toy:
    name, score, lower_is_better, collate = "toy", "error", True, None

    def __init__(self, *, wait: float = 0.0, dropout: float = 0.2, width: int = 16) -> None:
        torch.manual_seed(SEED)
        self.width, self.dropout = width, dropout
        # No batch normalisation: its statistics are a process's own.
        self.module: nn.Module = nn.Sequential(
            nn.Conv2d(1, width, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(),
            nn.Dropout(dropout), nn.Linear(width * 16, 4),
        )  # fmt: skip
        self.train = Quarters(wait=wait)

    def loss(self, module: nn.Module, batch: Any) -> dict[str, Tensor]:
        pictures, quarters = batch
        said = module(pictures)
        right = (said.detach().argmax(1) == quarters).float().mean()
        return {"loss": nn.functional.cross_entropy(said, quarters), "right": right}

    def validate(self, module: nn.Module) -> dict[str, float]:
        samples = [self.train[Key(1_000_000, i)] for i in range(40)]
        pictures, quarters = (torch.stack(list(part)) for part in zip(*samples, strict=True))
        return {"error": float((module(pictures).argmax(1) != quarters).float().mean())}

    def description(self) -> dict[str, Any]:
        return {"width": self.width}


def plan(out: Path, **changes: Any) -> Plan:
    return Plan(**{"out": out, "epochs": 4, "batch": 8, "lr": 0.01, "workers": 0, **changes})


if __name__ == "__main__":
    torch.set_num_threads(1)
    toy = Toy(
        wait=0.01 if "--slow" in sys.argv else 0.0, dropout=0.2 if "--slow" in sys.argv else 0
    )
    if "--cycles" in sys.argv:
        toy.regime = Restarts(int(sys.argv[3]), 1)  # type: ignore[attr-defined]
    fit(
        toy,
        plan(Path(sys.argv[1]), batch=int(sys.argv[2]), epochs=int(sys.argv[3]), checkpoint_s=0),
        resume="--resume" in sys.argv,
        quiet=True,
    )
