"""Checkpoints of one network are averaged, those of different ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from edge.errors import UsageError
from training import checkpoint
from training.average import average
from training.errors import CheckpointError


def write(path: Path, value: float, task: str = "toy") -> Path:
    weights = {"w": torch.full((2,), value), "batches": torch.tensor(int(value))}
    content = {"task": task, "description": {"width": 2}, "ema": weights, "position": {"step": 1}}
    checkpoint.save(path, content)
    return path


def test_the_mean_is_a_checkpoint(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{v}.ckpt", v) for v in (1.0, 2.0, 6.0)]
    checkpoint.save(tmp_path / "mean.ckpt", average(paths))
    description, weights = checkpoint.load(tmp_path / "mean.ckpt")
    assert description == {"width": 2}
    assert weights["w"].tolist() == [3, 3] and weights["batches"] == 1


def test_shares_weigh_and_the_inputs_size_is_the_first_ones(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{v}.ckpt", v) for v in (1.0, 6.0)]
    other = torch.load(paths[1], weights_only=False)
    checkpoint.save(paths[1], other | {"description": {"width": 3}})
    mean = average(paths, [0.8, 0.2])
    assert mean["description"] == {"width": 2}
    assert mean["ema"]["w"].tolist() == pytest.approx([2, 2])
    for wrong in ([1.0], [0.7, 0.7], [1.5, -0.5]):
        with pytest.raises(UsageError, match="--shares"):
            average(paths, wrong)


def test_other_networks_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.ckpt", 1), write(tmp_path / "b.ckpt", 1, task="other")]
    with pytest.raises(CheckpointError, match=r"b\.ckpt: is of another network"):
        average(paths)
