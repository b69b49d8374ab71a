"""The network of patches: its views, its training in cycles, its reports."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from edge.errors import UsageError
from edge.packs import preprocess
from training import checkpoint
from training.errors import CheckpointError, DataError
from training.liveness import bounds, crops, samples
from training.liveness.patches import lists, views
from training.liveness.patches.__main__ import main
from training.liveness.patches.dataset import Patches
from training.liveness.patches.model import Design, FaceNet, PatchNet, ensemble, load
from training.liveness.patches.scorer import Patched
from training.liveness.patches.task import PatchTask
from training.liveness.samples import picture
from training.liveness.store import Store
from training.record import read
from training.sampling import Key

Make = Callable[..., Path]
SMALL = ("--widths", "8", "16", "--batch", "12", "--workers", "0")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize(("kind", "count"), [("centre", 1), ("few", 5), ("every", 36)])
def test_views_lie_within_the_face_and_differ(kind: str, count: int) -> None:
    for patch in (32, 48, 64):
        seen = views.KINDS[kind](112, patch)
        assert len(set(seen)) == len(seen) == count
        assert all(0 <= v.x <= 112 - patch and 0 <= v.y <= 112 - patch for v in seen)


def test_a_view_shows_that_part_of_the_face_that_way_round() -> None:
    faces = torch.arange(2 * 3 * 112 * 112).reshape(2, 3, 112, 112)
    seen = (views.View(5, 9), views.View(80, 0, flip_x=True, flip_y=True))
    got = views.cut(faces, 32, seen)
    assert got.shape == (4, 3, 32, 32)
    assert torch.equal(got[1], faces[1, :, 9:41, 5:37])
    assert torch.equal(got[2], faces[0, :, :32, 80:].flip(1, 2))


def test_a_face_is_the_mean_of_its_patches_and_networks() -> None:
    torch.manual_seed(0)
    design = Design(widths=(4, 8))
    nets = [PatchNet(design).eval() for _ in range(2)]
    seen = views.few(112, 32)
    faces = torch.rand(3, 3, 112, 112)
    with torch.no_grad():
        got = FaceNet(nets, seen)(faces).softmax(1)
        each = [net(views.cut(faces, 32, (v,))).softmax(1) for net in nets for v in seen]
    torch.testing.assert_close(got, torch.stack(each).mean(0))
    with pytest.raises(CheckpointError, match="one design"):
        FaceNet([nets[0], PatchNet(Design(48, widths=(4, 8)))], seen)


def test_a_network_takes_patches_of_its_own_size_only() -> None:
    net = PatchNet(Design(48, widths=(4, 8))).eval()
    assert net(torch.rand(2, 3, 48, 48)).shape == (2, 2)
    with pytest.raises(ValueError, match="48 pixels"):
        net(torch.rand(2, 3, 32, 32))


def test_the_default_is_a_resnet_18() -> None:
    """Convolutions with weights: the stem, 16 in blocks, 3 on ways around; then one answer."""
    net = PatchNet(Design())
    kernels = [m.kernel_size for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert (kernels.count((3, 3)), kernels.count((1, 1))) == (17, 3)
    assert isinstance(next(net.children()), torch.nn.BatchNorm2d)
    assert 11e6 < sum(p.numel() for p in net.parameters()) < 11.3e6


def test_a_training_face_is_what_the_device_cuts(make_list: Make) -> None:
    sample = samples.read(make_list("one", "a", 1))[0]
    spec = Design().spec
    image = picture(sample)
    whole = crops.planes(crops.cut(image, sample.box, spec))[None] / np.float32(255)
    device = preprocess.face_tensor(image, spec, sample.box)
    assert device.shape == (1, 3, 112, 112)
    assert np.abs(whole - device).max() <= 0.5 / 255 + 1e-5


def test_a_patch_follows_from_its_key_alone(make_list: Make, tmp_path: Path) -> None:
    found = samples.read(make_list("some", "a", 3))
    data = Patches(Store.of(found, Design().spec, tmp_path / "c", Console(stderr=True)), 32, 1)
    first, same, other = (data[Key(*k)] for k in ((2, 1, 0), (2, 1, 0), (2, 1, 1)))
    assert first.patch.shape == (3, 32, 32)
    assert first.patch.dtype == torch.uint8
    assert torch.equal(first.patch, same.patch)
    assert not torch.equal(first.patch, other.patch)


def test_the_bound_is_where_the_acer_is_least() -> None:
    live = [0.6, 0.7, 0.9]
    assert bounds.least_acer({"print": [0.1, 0.2], "phone": [0.3]}, live) == (
        pytest.approx(0.45),
        0.0,
    )
    # The worst instrument counts: its attack at 0.65 costs as much as one of two living faces.
    bound, acer = bounds.least_acer({"print": [0.1] * 98, "phone": [0.65, 0.1]}, live)
    assert acer == pytest.approx((0 + 1 / 3) / 2)
    assert 0.65 < bound < 0.7
    assert bounds.least_acer({"print": [0.5]}, [0.5]) == (0.5, 0.5)
    with pytest.raises(ValueError, match="no attack"):
        bounds.least_acer({}, live)
    with pytest.raises(ValueError, match="print"):
        bounds.least_acer({"print": [math.nan]}, live)


def trained(make_list: Make, out: Path, *more: str) -> tuple[Path, Path]:
    train, held = make_list("train", "abc", 32), make_list("held", "de", 6)
    given = ["--list", str(train), "--held", str(held), "--out", str(out), *SMALL]
    assert main(["train", *given, "--cycle-num", "2", "--cycle-inter", "3", *more]) == 0
    return train, held


def test_it_learns_in_cycles_and_reports(make_list: Make, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _, held = trained(make_list, run)
    rows = read(run / "metrics.csv")
    losses = [float(r["value"]) for r in rows if (r["name"], r["kind"]) == ("loss", "train")]
    assert losses[-1] < 0.7 * losses[0]
    acers = [float(r["value"]) for r in rows if r["name"] == "acer"]
    assert min(acers) < 0.1
    names = {p.name for p in run.glob("*.ckpt")}
    cycles = {f"cycle-{n}-{which}.ckpt" for n in (1, 2) for which in ("best", "last")}
    assert names == cycles | {"best.ckpt", "last.ckpt"}

    test = make_list("test", "fg", 6)
    for given, passes in (
        ([str(run / "best.ckpt"), "--choose", str(held)], 5),
        (["--ensemble", str(run), "--tta", "--bound", "0.5"], 72),
    ):
        out = tmp_path / f"report{passes}"
        assert main(["infer-test", *given, "--list", str(test), "--out", str(out)]) == 0
        told = json.loads((out / "metrics.json").read_text())
        assert told["passes"] == passes
        assert told["simulated"] is True
        (figures,) = told["networks"]
        assert set(figures["apcer"]) == {"print", "phone"}
        assert figures["acer"] < 0.15
        with (out / "scores.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == 18
        passed = [r for r in lines if r["label"] != "live" and r["taken_for"] == "live"]
        assert len(passed) == sum(part["count"] for part in figures["apcer"].values())
        live = [float(r["score"]) for r in lines if r["label"] == "live"]
        assert figures["bpcer"]["count"] == sum(v < figures["bound"] for v in live)


def test_the_scorer_says_what_the_validation_measured(make_list: Make, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _, held = trained(make_list, run, "--bound", "0.5")
    best = Patched([run / "best.ckpt"])
    wanted = samples.read(held)
    said = np.array([best.score(picture(s), s.box) for s in wanted])
    bpcer = np.mean([v < 0.5 for v, s in zip(said, wanted, strict=True) if s.live])
    epoch = checkpoint.read(run / "best.ckpt")["position"]["best_epoch"]
    rows = [r for r in read(run / "metrics.csv") if int(r["epoch"]) == epoch]
    told = {r["name"]: float(r["value"]) for r in rows if r["kind"] == "validation"}
    assert told["bpcer"] == pytest.approx(bpcer)
    assert told["bound"] == 0.5


def test_a_run_resumes_to_the_same_weights(
    make_list: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off in the second cycle: momentum, rate, averages and snapshots go on as they were."""
    train, held = make_list("train", "ab", 8), make_list("held", "cd", 3)

    def go(name: str, *more: str) -> None:
        given = ["--list", str(train), "--held", str(held), "--out", str(tmp_path / name)]
        cycles = ["--cycle-num", "2", "--cycle-inter", "2", "--checkpoint-s", "0"]
        assert main(["train", *given, *SMALL, *cycles, *more]) == 0

    go("whole")
    with monkeypatch.context() as patch:
        validate, calls = PatchTask.validate, list[int]()

        def interrupted(task: PatchTask, module: torch.nn.Module) -> dict[str, float]:
            calls.append(1)
            if len(calls) == 4:
                raise KeyboardInterrupt
            return validate(task, module)

        patch.setattr(PatchTask, "validate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            go("halves")
    assert not (tmp_path / "halves" / "cycle-2-last.ckpt").exists()
    go("halves", "--resume")
    for name in ("last", "best", "cycle-1-best", "cycle-1-last", "cycle-2-best", "cycle-2-last"):
        a, b = (checkpoint.read(tmp_path / run / f"{name}.ckpt") for run in ("whole", "halves"))
        assert all(torch.equal(a["ema"][k], b["ema"][k]) for k in a["ema"])
    with pytest.raises(CheckpointError, match="momentum"):
        go("halves", "--resume", "--momentum", "0.5")


def test_people_are_held_back_where_no_list_is_given(make_list: Make, tmp_path: Path) -> None:
    # By the hashes of their names "d" and "f" are held back, see training.split.
    mixed = lists.read([make_list("mixed", "abcdf", 10)])
    train, held = lists.split(mixed)
    people = {s.person for s in train}, {s.person for s in held}
    assert people[0] and people[1] and not people[0] & people[1]
    with pytest.raises(UsageError, match="--held"):
        lists.split([s for s in mixed if s.person in people[0]])
    with pytest.raises(UsageError, match="held back from it as well"):
        lists.apart(train, [*held, train[0]])


def test_what_cannot_be_used_is_refused(make_list: Make, tmp_path: Path) -> None:
    one = make_list("one", "ab", 4)
    base = ["--list", str(one), "--out", str(tmp_path / "out")]
    torch.save({}, tmp_path / "no.ckpt")
    checkpoint.save(tmp_path / "toy.ckpt", {"task": "toy", "description": {}, "ema": {}})
    with pytest.raises(CheckpointError, match="'toy'"):
        load(tmp_path / "toy.ckpt")
    with pytest.raises(CheckpointError, match=r"no cycle-N-best\.ckpt"):
        ensemble(tmp_path)
    with pytest.raises(CheckpointError, match="description"):
        Design.of({"patch": 32})
    with pytest.raises(UsageError, match="one of CKPT and --ensemble"):
        main(["infer-test", *base, "--bound", "0.5"])
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        main(["infer-test", str(tmp_path / "no.ckpt"), *base, "--bound", "0.5"])
    with pytest.raises(UsageError, match="between 0 and 1"):
        main(["infer-test", str(tmp_path / "no.ckpt"), *base, "--bound", "1.5"])
    with pytest.raises(UsageError, match="flatters"):
        main(["infer-test", str(tmp_path / "no.ckpt"), *base, "--choose", str(one)])
    with pytest.raises(UsageError, match="only 12 samples"):
        main(["train", *base, "--held", str(make_list("held", "cd", 2)), "--batch", "50"])
    with pytest.raises(UsageError, match=r"\.csv"):
        lists.read([tmp_path / "list.json"])
    with pytest.raises(DataError):
        lists.read([tmp_path / "absent.csv"])
    assert not (tmp_path / "out" / "metrics.json").exists()
