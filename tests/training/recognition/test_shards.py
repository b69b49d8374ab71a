"""A training whose processes each hold a part of their own: one run, that goes on after a kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.recognition import recs
from tests.training.recognition.processes import (
    ENVIRONMENT,
    arguments,
    faces,
    start,
    train,
    untrained,
)
from training import checkpoint
from training.errors import CheckpointError
from training.loop import load
from training.recognition.heads import HEADS
from training.record import read
from training.shards import Shard
from training.split import is_validation

SHARDS = [f"last.24.shard-{r}-of-2.ckpt" for r in (1, 2)]
"""Of 96 samples in batches of 8, twice."""


def losses(out: Path) -> list[float]:
    rows = read(out / "metrics.csv")
    return [float(r["value"]) for r in rows if (r["name"], r["kind"]) == ("loss", "train")]


def centres(out: Path) -> torch.Tensor:
    files = sorted(out.glob("last.*.shard-*.ckpt"))
    return torch.cat([checkpoint.read(path)["shard"]["weight"] for path in files])


def fitted(count: int, *words: object) -> None:
    done = start(count, "fit", *words)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def joint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two processes."""
    out = tmp_path_factory.mktemp("joint")
    fitted(2, out, 4)
    return out


def test_two_processes_with_halves_are_one_with_the_whole(tmp_path: Path, joint: Path) -> None:
    alone = tmp_path
    train([str(alone), "8"])
    assert len(losses(joint)) == len(losses(alone)) > 1
    assert losses(joint) == pytest.approx(losses(alone), rel=1e-4)
    assert losses(alone)[-1] < 0.7 * losses(alone)[0]
    a, b = (load(out / "last.ckpt")[1] for out in (alone, joint))
    for key, value in a.items():
        torch.testing.assert_close(value, b[key], rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(centres(joint), centres(alone), rtol=1e-3, atol=1e-5)
    names = {path.name for path in joint.iterdir()}
    assert names == {*SHARDS, "last.ckpt", "best.ckpt", "metrics.csv", "curves.png", "plan.json"}
    assert not any("weight" in name and v.shape[-1] == 8 for name, v in a.items() if v.ndim == 3)


@pytest.mark.slow
def test_killed_and_resumed_is_the_same_run(tmp_path: Path) -> None:
    """Over half of the classes, so that what is drawn counts."""
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    words = (2, "--slow", "--rate", 0.5)
    fitted(2, whole, *words)
    process = subprocess.Popen(
        arguments(2, "fit", torn, *words), env=ENVIRONMENT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 100
    while len(losses(torn)) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
    assert 0 < len(losses(torn)) < len(losses(whole))
    fitted(2, torn, *words, "--resume")
    assert losses(torn) == losses(whole)
    a, b = (load(out / "last.ckpt")[1] for out in (torn, whole))
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert torch.equal(centres(torn), centres(whole))
    assert len(list(torn.glob("*.shard-*"))) == 2


def test_a_run_is_resumed_with_as_many_processes(tmp_path: Path, joint: Path) -> None:
    shutil.copytree(joint, tmp_path, dirs_exist_ok=True)
    with pytest.raises(CheckpointError, match=r"shard-1-of-1\.ckpt: no such part .*shard-1-of-2"):
        train([str(tmp_path), "4", "--resume"])


def test_parts_of_another_network_or_kept_elsewhere_are_refused(tmp_path: Path) -> None:
    shard = Shard(nn.Linear(2, 3), 1, 2, first=4)
    shard.save(tmp_path, 7, {"state": {0: "common", 4: "own"}, "param_groups": ["groups"]})
    common = shard.common({"state": {0: "common", 4: "own"}, "param_groups": ["groups"]})
    assert common == {"state": {0: "common"}, "param_groups": ["groups"]}
    assert shard.restore(tmp_path, 7, common)["state"] == {0: "common", 4: "own"}
    with pytest.raises(CheckpointError, match="is of another network"):
        Shard(nn.Linear(3, 3), 1, 2, 4).restore(tmp_path, 7, common)
    with pytest.raises(CheckpointError, match=r"last\.8\.shard-2-of-2\.ckpt: no such part.*none"):
        shard.restore(tmp_path, 8, common)


def test_files_of_earlier_steps_and_other_runs_go(tmp_path: Path) -> None:
    for name in ("last.3.shard-1-of-2", "last.7.shard-1-of-2", "last.7.shard-1-of-3", "last"):
        (tmp_path / f"{name}.ckpt").touch()
    Shard(nn.Linear(2, 2), 0, 2, 0).forget(tmp_path, 7)
    assert {p.name for p in tmp_path.iterdir()} == {"last.7.shard-1-of-2.ckpt", "last.ckpt"}


@pytest.mark.slow
@pytest.mark.parametrize("head", ["adaface", "triplet"])
def test_two_processes_train_faces_as_one_does(tmp_path: Path, head: str) -> None:
    numbers = [n for n in range(1000) if not is_validation(str(n))][:8]
    numbers += [n for n in range(1000) if is_validation(str(n))][:5]
    rec = recs.insightface(tmp_path / "rec", dict.fromkeys(sorted(numbers), 6))
    alone, two = tmp_path / "alone", tmp_path / "two"
    faces([str(alone), "8", str(rec), head])
    done = start(2, "faces", two, 4, rec, head)
    assert done.returncode == 0, done.stderr[-3000:]
    assert losses(two) == pytest.approx(losses(alone), rel=1e-3)
    # AdamW moves a weight whose gradient is all rounding by as much as any other.
    a, b, first = (
        torch.cat([w.flatten() for w in weights.values()])
        for weights in (*(load(o / "last.ckpt")[1] for o in (alone, two)), untrained().state_dict())
    )
    assert (a - b).norm() < 0.02 * (a - first).norm()
    assert len(list(two.glob("*.shard-*-of-2.ckpt"))) == (2 if head in HEADS else 0)


def test_one_overflow_stops_the_step_of_all(tmp_path: Path) -> None:
    done = start(2, "overflow", tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)] == [[True, False]] * 2
