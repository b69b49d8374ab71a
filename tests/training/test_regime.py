"""Warm restarts: the rate starts again, and each cycle leaves its best and its last epoch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from edge.errors import UsageError
from tests.training.toy import Toy, plan
from training import checkpoint
from training.errors import CheckpointError
from training.loop import fit
from training.record import read
from training.regime import Restarts, snapshot
from training.schedule import warm_restarts


class Told(Toy):
    """Its errors are told, epoch by epoch."""

    def __init__(self, errors: list[float], regime: Restarts) -> None:
        super().__init__()
        self.errors, self.regime = iter(errors), regime

    def validate(self, module: torch.nn.Module) -> dict[str, float]:
        return {"error": next(self.errors)}


def test_the_rate_is_a_cosine_in_each_cycle() -> None:
    rates = [warm_restarts(step, 8, 0.1, 1e-3) for step in range(16)]
    assert rates[:8] == rates[8:]
    assert rates[0] == pytest.approx(0.1)
    assert rates[4] == pytest.approx((0.1 + 1e-3) / 2)
    assert rates[:8] == sorted(rates[:8], reverse=True)
    assert rates[7] > 1e-3


def test_each_cycle_leaves_its_best_and_its_last(tmp_path: Path) -> None:
    errors = [0.5, 0.3, 0.4, 0.6, 0.2, 0.7]
    chosen = plan(tmp_path, epochs=6, lr=0.1, ema=0.0)
    result = fit(Told(errors, Restarts(2, 3)), chosen, quiet=True)
    assert (result.best_epoch, result.best_score) == (4, 0.2)
    of = {p.name: checkpoint.read(p)["position"]["epoch"] for p in tmp_path.glob("*.ckpt")}
    assert of == {
        snapshot(0, "best"): 1,
        snapshot(0, "last"): 2,
        snapshot(1, "best"): 4,
        snapshot(1, "last"): 5,
        "best.ckpt": 4,
        "last.ckpt": 6,
    }
    rates = [float(r["value"]) for r in read(tmp_path / "metrics.csv") if r["name"] == "lr"]
    assert rates[:3] == pytest.approx(rates[3:])
    group = checkpoint.read(tmp_path / "last.ckpt")["optimiser"]["param_groups"][0]
    assert group["momentum"] == 0.9


def test_a_cycle_that_was_torn_keeps_its_best(tmp_path: Path) -> None:
    """The best of the first part is not overwritten by a worse epoch of the second."""
    regime, chosen = Restarts(1, 3), plan(tmp_path, epochs=3, ema=0.0)
    with pytest.raises(StopIteration):
        fit(Told([0.1], regime), chosen, quiet=True)
    fit(Told([0.4, 0.3], regime), chosen, resume=True, quiet=True)
    assert checkpoint.read(tmp_path / snapshot(0, "best"))["position"]["epoch"] == 0


def test_the_weights_are_those_of_plain_gradient_descent(tmp_path: Path) -> None:
    """One step at the highest rate: w - rate · (gradient + decay · w)."""
    regime = Restarts(1, 1, momentum=0.0)
    toy = Toy(dropout=0.0)
    toy.regime = regime  # type: ignore[attr-defined]
    before = {k: v.clone() for k, v in toy.module.state_dict().items()}
    chosen = plan(tmp_path, epochs=1, batch=96, lr=0.5, ema=0.0, clip=0.0, weight_decay=0.01)
    batches: list[Any] = []
    loss = toy.loss

    def seen(module: torch.nn.Module, batch: Any) -> dict[str, torch.Tensor]:
        batches.append(batch)
        return loss(module, batch)

    toy.loss = seen  # type: ignore[method-assign]
    fit(toy, chosen, quiet=True)
    after = checkpoint.read(tmp_path / "last.ckpt")["module"]
    fresh = Toy(dropout=0.0)
    fresh.loss(fresh.module, batches[0])["loss"].backward()
    for name, value in fresh.module.named_parameters():
        decay = 0.01 if value.ndim > 1 else 0.0
        wanted = before[name] - 0.5 * (value.grad + decay * before[name])
        torch.testing.assert_close(after[name], wanted, rtol=1e-4, atol=1e-6)


def test_resuming_asks_for_the_same_cycles(tmp_path: Path) -> None:
    chosen = plan(tmp_path, epochs=2)
    fit(Told([0.5, 0.4], Restarts(1, 2)), chosen, quiet=True)
    with pytest.raises(CheckpointError, match="cycles 1, not 2"):
        fit(Told([], Restarts(2, 1)), chosen, resume=True, quiet=True)
    with pytest.raises(CheckpointError, match="not None"):
        fit(Toy(), chosen, resume=True, quiet=True)


@pytest.mark.parametrize(
    "given",
    [(0, 5), (5, 0), (1, 1, 1.0), (1, 1, -0.1), (1, 1, 0.9, -1.0), (1, 1, 0.9, math.nan)],
)
def test_cycles_have_bounds(given: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError):
        Restarts(*given)
