"""The door's network: it trains, resumes to the same weights, and is given the device's crops."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.errors import UsageError
from edge.packs import preprocess
from training import checkpoint
from training.errors import CheckpointError
from training.liveness import crops, samples
from training.liveness.__main__ import main
from training.liveness.model import Design, load, normalised
from training.liveness.samples import picture
from training.liveness.task import LiveTask, by_label, scores, summary

Make = Callable[..., Path]
SHORT = ("--batch", "8", "--workers", "0", "--ema", "0.5", "--lr", "3e-3", "--strength", "0.1")


def test_a_crop_is_what_the_device_cuts(make_list: Make) -> None:
    sample = samples.read(make_list("one", "a", 1))[0]
    spec = Design().spec
    image = picture(sample)
    whole = normalised(torch.from_numpy(crops.planes(crops.cut(image, sample.box, spec))[None]))
    device = preprocess.face_tensor(image, spec, sample.box)
    assert device.shape == (1, 3, 216, 72)
    # Rounded to whole grey levels, 1/127.5 apart.
    assert np.abs(whole.numpy() - device).max() <= 0.5 / 127.5 + 1e-4


def test_figures_are_taken_where_one_in_a_hundred_living_faces_is_refused() -> None:
    live = np.linspace(0.5, 1, 200)
    found = summary({"live": live, "print": np.array([0.1, 0.504, 0.6, 0.9]), "phone": live - 0.6})
    assert (live < found["bound"]).sum() == 2
    assert found["apcer_print"] == 0.5
    assert found["apcer_phone"] == 0.0
    assert found["apcer_max"] == 0.5
    assert found["apcer_mean"] == 0.25


def test_it_learns_and_its_checkpoint_scores(make_list: Make, tmp_path: Path) -> None:
    train, held = make_list("train", "ab", 24), make_list("held", "cd", 12)
    out = tmp_path / "run"
    given = ["--list", str(train), "--held", str(held), "--out", str(out)]
    assert main(["train", *given, "--epochs", "8", *SHORT]) == 0
    net = load(*checkpoint.load(out / "best.ckpt"))
    wanted = samples.read(held)
    images = [crops.planes(crops.cut(picture(s), s.box, net.design.spec)) for s in wanted]
    got = by_label(wanted, scores(net, torch.from_numpy(np.stack(images))))
    assert got["live"].min() > got["print"].max()
    assert got["live"].mean() > 0.6 > 0.4 > got["print"].mean()


def test_the_allowance_of_averaged_weights_is_chosen_anew(
    make_list: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(3)
    net = Design().build()
    net.allowance.fill_(-50.0)  # the surface refuses everybody
    weights = {f"net.{name}": value for name, value in net.state_dict().items()}
    given = {"task": "liveness", "description": Design().plain(), "ema": weights, "position": {}}
    mean, out = tmp_path / "mean.ckpt", tmp_path / "out.ckpt"
    checkpoint.save(mean, given)
    held = make_list("held", "b", 12)
    assert main(["allow", str(mean), "--held", str(held), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = checkpoint.read(out)
    chosen = float(found["ema"]["net.allowance"])
    assert chosen == pytest.approx(told["allowance"]["after"]) and chosen > -50
    assert told["allowance"]["before"] == -50
    for name, value in weights.items():
        assert torch.equal(found["ema"][name], value) is (name != "net.allowance"), name
    # What it chose is what its own figures are of.
    again, seen = load(found["description"], found["ema"]), samples.read(held)
    images = [crops.planes(crops.cut(picture(s), s.box, Design().spec)) for s in seen]
    figures = summary(by_label(seen, scores(again, torch.from_numpy(np.stack(images)))))
    assert figures["apcer_mean"] == pytest.approx(told["after"]["apcer_mean"])


def test_an_allowance_needs_weights_of_this_network_and_both_classes(
    make_list: Make, tmp_path: Path
) -> None:
    path, held = tmp_path / "other.ckpt", make_list("held", "b", 2)
    checkpoint.save(path, {"task": "landmarks", "description": {}, "ema": {}, "position": {}})
    words = ["--held", str(held), "--out", str(tmp_path / "out.ckpt")]
    with pytest.raises(UsageError, match="not weights"):
        main(["allow", str(path), *words])
    weights = {f"net.{name}": value for name, value in Design().build().state_dict().items()}
    described = {"task": "liveness", "description": Design().plain(), "position": {}}
    checkpoint.save(path, {**described, "ema": weights})
    with pytest.raises(UsageError, match="no such instrument"):
        main(["allow", str(path), *words, "--leave-out", "mirror"])
    with pytest.raises(UsageError, match="both"):
        main(["allow", str(path), *words, "--leave-out", "print"])
    assert not (tmp_path / "out.ckpt").exists()


def test_a_run_resumes_to_the_same_weights(
    make_list: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, held = make_list("train", "ab", 8), make_list("held", "cd", 4)

    def go(name: str, *more: str) -> None:
        given = ["--list", str(train), "--held", str(held), "--out", str(tmp_path / name)]
        assert main(["train", *given, *SHORT, "--epochs", "3", *more]) == 0

    go("whole")
    with monkeypatch.context() as patch:
        validate, calls = LiveTask.validate, list[int]()

        def interrupted(task: LiveTask, module: torch.nn.Module) -> dict[str, float]:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return validate(task, module)

        patch.setattr(LiveTask, "validate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            go("halves")
    assert checkpoint.read(tmp_path / "halves" / "last.ckpt")["position"]["epoch"] == 1
    go("halves", "--resume")
    whole, halves = (checkpoint.load(tmp_path / n / "last.ckpt")[1] for n in ("whole", "halves"))
    assert all(torch.equal(whole[k], halves[k]) for k in whole)


def test_crops_may_be_wider_than_those_that_it_began_with(make_list: Make, tmp_path: Path) -> None:
    train, held = make_list("train", "ab", 4), make_list("held", "cd", 4)
    given = ["train", "--list", str(train), "--held", str(held), *SHORT, "--epochs", "1"]
    given += ["--size", "32"]
    assert main([*given, "--scales", "1.2", "2", "--out", str(tmp_path / "first")]) == 0
    start = tmp_path / "first" / "best.ckpt"
    more = ["--start", str(start), "--scales", "1.4", "5", "--out", str(tmp_path / "second")]
    assert main([*given, *more]) == 0
    net = load(*checkpoint.load(tmp_path / "second" / "best.ckpt"))
    assert net.design.scales == (1.4, 5.0) and crops.scales_of(net.design.spec) == (1.4, 5.0)
    for wrong, told in (
        (["1", "2", "3"], "2 crops"),
        (["3", "2"], "rising"),
        (["0.5", "2"], "from 1"),
        (["2", "11"], "to 10"),
    ):
        with pytest.raises(UsageError, match=told):
            main([*given, "--start", str(start), "--scales", *wrong, "--out", str(tmp_path / "no")])
    assert not (tmp_path / "no").exists()


def test_people_must_not_be_on_both_sides(make_list: Make, tmp_path: Path) -> None:
    train, held = make_list("train", "ab", 4), make_list("held", "bc", 4)
    with pytest.raises(UsageError, match="b is in the training"):
        main(["train", "--list", str(train), "--held", str(held), "--out", str(tmp_path / "r")])


def test_an_unknown_instrument_cannot_be_left_out(make_list: Make, tmp_path: Path) -> None:
    train = make_list("train", "ab", 4)
    given = ["--list", str(train), "--held", str(train), "--out", str(tmp_path / "r")]
    with pytest.raises(UsageError, match="no 'phone'"):
        main(["train", *given, "--leave-out", "phone"])


@pytest.mark.parametrize(
    ("given", "told"),
    [("print", "INSTRUMENT=N"), ("print=x", "N, not"), ("phone=2", "no 'phone'"), ("print=0", "0")],
)
def test_a_share_that_cannot_be_is_told(
    given: str, told: str, make_list: Make, tmp_path: Path
) -> None:
    train, held = make_list("train", "ab", 4), make_list("held", "cd", 4)
    words = ["--list", str(train), "--held", str(held), "--out", str(tmp_path / "r")]
    with pytest.raises(UsageError, match=told):
        main(["train", *words, "--share", given])
    assert not (tmp_path / "r").exists()


def test_it_stays_within_a_hundred_million_operations() -> None:
    net, counted = Design().build().eval(), list[int]()

    def count(module: torch.nn.Module, given: object, out: torch.Tensor) -> None:
        counted.append(2 * module.weight.numel() * int(np.prod(out.shape[2:])))

    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(count)
    net(torch.zeros(1, 3, Design().spec.height, Design().spec.width))
    assert 80e6 < sum(counted) < 100e6


def test_a_description_of_something_else_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not a liveness network"):
        Design.of({"size": 80})
