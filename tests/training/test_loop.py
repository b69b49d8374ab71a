"""The loop learns, goes on after a kill as if nothing had been, is one run on two processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from edge.errors import UsageError
from tests.training.toy import Toy, plan
from training import checkpoint
from training.errors import CheckpointError, DivergedError
from training.loop import fit, load
from training.record import read

TOY = Path(__file__).with_name("toy.py")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def figures(out: Path, name: str = "loss", kind: str = "train") -> list[tuple[int, str]]:
    rows = read(out / "metrics.csv")
    return [(int(r["step"]), r["value"]) for r in rows if (r["name"], r["kind"]) == (name, kind)]


def values(out: Path, name: str = "loss", kind: str = "train") -> list[float]:
    return [float(v) for _, v in figures(out, name, kind)]


def test_the_loss_falls_and_the_run_leaves_what_it_says(tmp_path: Path) -> None:
    result = fit(Toy(), plan(tmp_path, epochs=8, ema=0.9), quiet=True)
    losses = values(tmp_path)
    assert losses[-1] < 0.5 * losses[0]
    assert result.best_score == min(values(tmp_path, "error", "validation")) < 0.1
    assert (result.steps, result.stopped) == (8 * 12, False)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    description, weights = load(tmp_path / "best.ckpt")
    assert description == {"width": 16}
    toy = Toy()
    toy.module.load_state_dict(weights)
    assert toy.validate(toy.module.eval()) == {"error": result.best_score}


@pytest.mark.parametrize("regime", [[], ["--cycles"]], ids=["usual", "warm restarts"])
def test_killed_and_resumed_is_the_same_run(tmp_path: Path, regime: list[str]) -> None:
    """With dropout on, so that the state of torch's generator counts."""
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    command, plan = [sys.executable, str(TOY)], ["2", "2", "--slow", *regime]
    subprocess.run([*command, str(whole), *plan], check=True, timeout=60)
    process = subprocess.Popen([*command, str(torn), *plan])
    until = time.monotonic() + 40
    while len(figures(torn)) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert 0 < len(figures(torn)) < len(figures(whole))
    subprocess.run([*command, str(torn), *plan, "--resume"], check=True, timeout=60)
    for name in ("loss", "right", "lr"):
        assert figures(torn, name) == figures(whole, name)
    assert figures(torn, "error", "validation") == figures(whole, "error", "validation")
    a, b = (load(out / "last.ckpt")[1] for out in (torn, whole))
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_two_processes_are_one_with_the_joint_batch(tmp_path: Path) -> None:
    alone, joint = tmp_path / "alone", tmp_path / "joint"
    subprocess.run([sys.executable, str(TOY), str(alone), "8", "2"], check=True, timeout=60)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, str(TOY), str(joint), "4", "2"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(values(joint)) == len(values(alone)) > 1
    assert values(joint) == pytest.approx(values(alone), rel=1e-4)
    a, b = (load(out / "last.ckpt")[1] for out in (joint, alone))
    for key, value in a.items():
        torch.testing.assert_close(value, b[key], rtol=1e-3, atol=1e-5)


def test_accumulated_gradients_are_those_of_the_larger_batch(tmp_path: Path) -> None:
    """One move of the weights from 96 samples, in one piece or in 24: the same gradient."""
    weights = []
    for name, batch, accumulate in (("small", 4, 24), ("large", 96, 1)):
        out = tmp_path / name
        chosen = plan(out, batch=batch, accumulate=accumulate, epochs=1, clip=0.0, ema=0.0)
        fit(Toy(dropout=0.0), chosen, quiet=True)
        optimiser = checkpoint.read(out / "last.ckpt")["optimiser"]
        weights.append([s["exp_avg"] for s in optimiser["state"].values()])
    for small, large in zip(*weights, strict=True):
        torch.testing.assert_close(small, large, rtol=1e-3, atol=1e-7)


def test_patience_ends_a_run_that_no_longer_improves(tmp_path: Path) -> None:
    class Worse(Toy):
        calls = 0

        def validate(self, module: torch.nn.Module) -> dict[str, float]:
            self.calls += 1
            return {"error": float(self.calls)}

    result = fit(Worse(), plan(tmp_path, epochs=9, patience=2), quiet=True)
    assert (result.best_epoch, result.best_score, result.stopped) == (0, 1.0, True)
    assert len(values(tmp_path, "error", "validation")) == 3


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    class Broken(Toy):
        def loss(self, module: torch.nn.Module, batch: object) -> dict[str, torch.Tensor]:
            found = super().loss(module, batch)
            return {"loss": found["loss"] * float("nan")}

    with pytest.raises(DivergedError, match="loss is nan at step"):
        fit(Broken(), plan(tmp_path), quiet=True)


def test_resuming_asks_for_the_same_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        fit(Toy(), plan(tmp_path / "none"), resume=True, quiet=True)
    fit(Toy(), plan(tmp_path / "a", epochs=1), quiet=True)
    with pytest.raises(CheckpointError, match=r"lr 0\.01, not 0\.5"):
        fit(Toy(), plan(tmp_path / "a", epochs=1, lr=0.5), resume=True, quiet=True)
    with pytest.raises(CheckpointError, match="another network"):
        fit(Toy(width=8), plan(tmp_path / "a", epochs=1), resume=True, quiet=True)


def test_checkpoints_are_whole_and_run_no_code(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    checkpoint.save(path, {"value": 1})
    assert checkpoint.read(path)["value"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.ckpt"]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CheckpointError, match=r"cannot be read|not a checkpoint"):
        checkpoint.read(path)
    for junk in (b"", b"\x80\x02", b"no checkpoint at all", bytes(range(256)) * 20):
        path.write_bytes(junk)
        with pytest.raises(CheckpointError, match=str(path)):
            checkpoint.read(path)
    torch.save({"format": 1, "path": Path("x")}, path)
    with pytest.raises(CheckpointError):
        checkpoint.read(path)


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"lr": 0.0}, {"batch": 0}, {"ema": 1.0}, {"precision": "int8"}, {"clip": -1.0}],
)
def test_a_plan_has_bounds(change: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=next(iter(change))):
        plan(tmp_path, **change)
