"""The networks learn, go on as if nothing had been, and answer with any of the sensors."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edge.errors import UsageError
from training import checkpoint
from training.errors import CheckpointError, DataError
from training.liveness.fusion import modalities, model
from training.liveness.fusion.__main__ import main
from training.liveness.fusion.model import UNITS, Design
from training.liveness.fusion.task import FusionTask, scores
from training.liveness.sources import casia_surf
from training.loop import fit
from training.plan import Plan
from training.record import read
from training.regime import Restarts

Lists = tuple[Path, Path, Path]
SMALL = {"patch": 32, "width": 16}


def task(
    lists: Lists,
    kind: str = "A",
    regime: Restarts | None = None,
    made: type[FusionTask] = FusionTask,
) -> FusionTask:
    torch.manual_seed(0)
    train, held = casia_surf.read(lists[0]), casia_surf.read(lists[1])
    return made(Design(kind, **SMALL), train, held, regime or Restarts(1, 6), 0)


def plan(out: Path, **changes: object) -> Plan:
    usual = {"epochs": 6, "batch": 16, "lr": 0.01, "ema": 0.0, "clip": 0.0, "workers": 0}
    return Plan(out=out, **(usual | changes))  # type: ignore[arg-type]


def values(out: Path, name: str, kind: str) -> list[float]:
    return [
        float(r["value"])
        for r in read(out / "metrics.csv")
        if (r["name"], r["kind"]) == (name, kind)
    ]


@pytest.fixture(scope="module")
def trained(lists: Lists, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    torch.set_num_threads(1)
    fit(task(lists), plan(out), quiet=True)
    return out


@pytest.mark.parametrize("kind", sorted(UNITS))
def test_loss_and_acer_fall(kind: str, lists: Lists, trained: Path, tmp_path: Path) -> None:
    out = trained
    if kind != "A":
        out = tmp_path
        fit(task(lists, kind), plan(out), quiet=True)
    losses, errors = values(out, "loss", "train"), values(out, "acer", "validation")
    assert min(losses[-2:]) < 0.85 * losses[0]
    assert min(errors) <= 0.25 < errors[0]
    assert {p.name for p in out.glob("*.ckpt")} == {
        "best.ckpt", "last.ckpt", "cycle-1-best.ckpt", "cycle-1-last.ckpt",
    }  # fmt: skip


def test_a_run_that_broke_off_goes_on_as_if_nothing_had_been(lists: Lists, tmp_path: Path) -> None:
    class Breaks(FusionTask):
        left = 10

        def loss(self, module: nn.Module, batch: object) -> dict[str, Tensor]:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return super().loss(module, batch)  # type: ignore[arg-type]

    short = {"epochs": 4, "batch": 32}
    fit(task(lists, regime=Restarts(2, 2)), plan(tmp_path / "whole", **short), quiet=True)
    torn = task(lists, regime=Restarts(2, 2), made=Breaks)
    with pytest.raises(KeyboardInterrupt):
        fit(torn, plan(tmp_path / "torn", **short), quiet=True)
    again = task(lists, regime=Restarts(2, 2))
    fit(again, plan(tmp_path / "torn", **short), resume=True, quiet=True)
    for name in ("last.ckpt", "cycle-1-best.ckpt", "cycle-2-last.ckpt"):
        a, b = (checkpoint.load(tmp_path / out / name)[1] for out in ("whole", "torn"))
        assert all(torch.equal(a[k], b[k]) for k in a), name
    assert values(tmp_path / "torn", "loss", "train") == values(tmp_path / "whole", "loss", "train")


def test_any_of_the_sensors_can_be_given_and_all_are_used(lists: Lists, trained: Path) -> None:
    net = model.load(*checkpoint.load(trained / "best.ckpt"))
    listed = casia_surf.read(lists[2])[:3]
    found = {given: list(scores(net, listed, given)) for given in modalities.SUBSETS}
    assert all(0 <= s <= 1 for v in found.values() for s in v)
    assert len({tuple(v) for v in found.values()}) == len(modalities.SUBSETS)
    assert list(scores(net, listed, flips=True)) != found[modalities.MODALITIES]


def test_infer_test_measures_and_writes_scores(
    lists: Lists, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["infer-test", str(trained / "best.ckpt"), "--list", str(lists[2])]
    csv_path = tmp_path / "scores.csv"
    more = ["--every-subset", "--scores", str(csv_path), "--choose", str(lists[1]), "--json"]
    assert main([*words, *more, "--bpcer", "0.1"]) == 0
    whole = json.loads(capsys.readouterr().out)
    told = whole["given"]
    assert whole["simulated_attacks"] == 8
    assert list(told) == ["+".join(s) for s in modalities.SUBSETS]
    with csv_path.open() as file:
        rows = list(csv.DictReader(file))
    for name, result in told.items():
        found = np.array([float(r[name]) for r in rows])
        live = np.array([r["label"] == "live" for r in rows])
        assert result["bpcer"]["errors"] == int((found[live] < round(result["bound"], 6)).sum())
        errors = sum(rate["errors"] for rate in result["apcer"].values())
        assert errors == int((found[~live] >= round(result["bound"], 6)).sum())
        assert "BPCER 0.1" in result["bound_from"]
    assert main([*words, "--given", "depth,ir", "--bound", "1"]) == 0
    printed = capsys.readouterr().out
    assert "depth+ir" in printed and "8 SIMULATED attacks" in printed


def test_what_makes_no_sense_is_refused(lists: Lists, trained: Path, tmp_path: Path) -> None:
    train = ["train", "--list", str(lists[0]), "--held", str(lists[1]), "--out", str(tmp_path)]
    for words, message in (
        (["--patch", "8"], "at least 16"),
        (["--width", "20"], "multiple of 16"),
        (["--cycle-num", "0"], "at least 1"),
    ):
        with pytest.raises(UsageError, match=message):
            main([*train, *words])
    with pytest.raises(UsageError, match="held back from it as well"):
        main(["train", "--list", str(lists[0]), "--held", str(lists[0]), "--out", str(tmp_path)])
    test = ["infer-test", str(trained / "best.ckpt"), "--list", str(lists[2])]
    for words in (["--bound", "2"], ["--bound", "0.5", "--choose", str(lists[1])]):
        with pytest.raises(UsageError, match="--bound"):
            main([*test, *words])
    with pytest.raises(UsageError, match="is in --list as well"):
        main([*test, "--choose", str(lists[2])])
    with pytest.raises(UsageError, match="thermal"):
        main([*test, "--given", "thermal"])
    living = tmp_path / "living.txt"
    lines = [line for line in lists[2].read_text().splitlines() if line.endswith(" 1")]
    living = lists[2].with_name("living.txt")
    living.write_text("\n".join(lines))
    with pytest.raises(DataError, match="only one of them"):
        main(["infer-test", str(trained / "best.ckpt"), "--list", str(living)])
    with pytest.raises(DataError, match="living faces and attacks"):
        main(["train", "--list", str(living), "--held", str(lists[1]), "--out", str(tmp_path)])


def test_weights_of_another_design_are_refused(trained: Path) -> None:
    description, weights = checkpoint.load(trained / "best.ckpt")
    with pytest.raises(CheckpointError, match="another design"):
        model.load({**description, "kind": "C"}, weights)
    with pytest.raises(CheckpointError, match="description"):
        model.load({"kind": "A"}, weights)
