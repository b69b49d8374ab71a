"""The commands, from the labels to a picture with boxes; and what they say to wrong input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from edge.errors import UsageError
from training import checkpoint
from training.detector import __main__ as command
from training.detector.model import Design, Detector, macs
from training.errors import CheckpointError, DataError

SMALL = ["--width", "160", "--height", "128"]


def call(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", ["detector", *(str(a) for a in args)])
    return command.main()


@pytest.fixture(scope="module")
def run(made_up: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a tiny run has ended."""
    out = tmp_path_factory.mktemp("run")
    args = ["train", "--scenes", *made_up, "--out", out, *SMALL, "--epochs", 1, "--canvases", 16,
            "--batch", 4, "--workers", 0, "--validation-crops", 50,
            "--anchors", "10,13", "14,19", "22,28", "30,40", "45,60", "70,90"]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        assert call(patch, *args) == 0
    return out


def test_a_run_leaves_what_is_needed(run: Path) -> None:
    for name in ("last.ckpt", "best.ckpt", "metrics.csv", "curves.png", "plan.json"):
        assert (run / name).is_file()
    description, weights = checkpoint.load(run / "best.ckpt")
    module = Detector(Design.of(description))
    module.load_state_dict(weights)
    assert module.design.width == 160 and len(module.design.anchors) == 3


def test_evaluate_writes_figures(
    run: Path, made_up: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "figures.json"
    args = ["evaluate", run / "best.ckpt", "--scenes", *made_up, "--all", "--canvases", 10,
            "--crops-without-face", 60, "--json", out]  # fmt: skip
    assert call(monkeypatch, *args) == 0
    said = json.loads(out.read_text())
    assert said["recall"]["trials"] == 20
    assert said["face_free_crops"]["per_1000"] <= 1
    assert set(said["sets"]) == {made_up[0].name, "canvases"}
    assert len(said["sweep"]) > 10


def test_predict_draws(
    run: Path, made_up: tuple[Path, Path], tmp_path: Path, capsys, monkeypatch
) -> None:
    source = made_up[0] / "Person_A" / "Person_A_0001.jpg"
    out = tmp_path / "found.png"
    args = ["predict", run / "best.ckpt", source, "--out", out, "--threshold", "0.001", "--json"]
    assert call(monkeypatch, *args) == 0
    assert cv2.imread(str(out)).shape == (120, 120, 3)
    line = json.loads(capsys.readouterr().out)
    assert all(len(face["box"]) == 4 for face in line["faces"])


def test_sheet_and_anchors(
    run: Path, made_up: tuple[Path, Path], tmp_path: Path, capsys, monkeypatch
) -> None:
    out, counts = tmp_path / "sheet.png", tmp_path / "sheet.json"
    args = ["sheet", run / "best.ckpt", "--scenes", *made_up, "--each", 1, "--out", out,
            "--json", counts, "--held-back", "Person_A"]  # fmt: skip
    assert call(monkeypatch, *args) == 0
    assert out.is_file() and len(json.loads(counts.read_text())) == 30
    capsys.readouterr()
    assert call(monkeypatch, "anchors", "--scenes", *made_up, "--count", 3, "--json", *SMALL) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["anchors"]) == 3 and 0.5 < said["mean_iou"] <= 1


def test_canvases_lie_in_folders_of_both_sides(
    made_up: tuple[Path, Path], tmp_path: Path, monkeypatch
) -> None:
    from export.faces import Source

    out = tmp_path / "canvases"
    args = ["canvases", "--scenes", *made_up, "--count", 24, "--out", out, *SMALL]
    assert call(monkeypatch, *args, "--held-back", "Person_A") == 0
    pictures = sorted(out.rglob("*.png"))
    assert len(pictures) == 24
    assert all(cv2.imread(str(p)).shape == (128, 160, 3) for p in pictures)
    sides = Source.of(out, 100).sides
    assert set(sides.values()) == {"calibration", "choosing", "held"}, "the exporter takes them"
    with pytest.raises(UsageError, match="exists already"):
        call(monkeypatch, *args)


def test_convert_there_and_back(made_up: tuple[Path, Path], tmp_path: Path, monkeypatch) -> None:
    from training.detector import wider

    folder, labels = made_up
    there, back = tmp_path / "yolo", tmp_path / "back.txt"
    base = ["convert", "--pictures", folder]
    assert call(monkeypatch, *base, labels, "--to", "yolo", "--out", there) == 0
    assert call(monkeypatch, *base, there, "--to", "wider", "--out", back) == 0
    before, after = wider.read(labels), wider.read(back)
    assert before.keys() == after.keys()
    for name, faces in before.items():
        assert np.allclose(faces.boxes, after[name].boxes, atol=5e-3)


def test_wrong_input_is_an_error_not_a_guess(
    made_up: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = made_up
    bad = tmp_path / "bad.txt"
    bad.write_text("Person_A/Person_A_0001.jpg\n1\n1 2 3\n")
    with pytest.raises(DataError, match=r"bad\.txt:3: 3 fields"):
        call(monkeypatch, "train", "--scenes", folder, bad, "--out", tmp_path / "x")
    bad.write_text("Nobody/Nobody_0001.jpg\n1\n1 2 30 40 0 0 0 0 0 0\n")
    with pytest.raises(DataError, match="Nobody_0001"):
        call(monkeypatch, "train", "--scenes", folder, bad, "--out", tmp_path / "x")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        call(monkeypatch, "predict", tmp_path / "no.ckpt", folder / "Person_A/Person_A_0001.jpg",
             "--out", tmp_path / "o.png")  # fmt: skip
    with pytest.raises(DataError, match="no such file"):
        call(monkeypatch, "predict", tmp_path / "no.ckpt", tmp_path / "no.jpg", "--out", "o.png")
    with pytest.raises(UsageError, match="--init"):
        call(monkeypatch, "train", "--scenes", *made_up, "--mine", 10, "--out", tmp_path / "x")
    with pytest.raises(UsageError, match="--turned is a share"):
        call(monkeypatch, "train", "--scenes", *made_up, "--turned", 70, "--out", tmp_path / "x")
    with pytest.raises(UsageError, match="multiple of 3"):
        call(monkeypatch, "anchors", "--scenes", *made_up, "--count", "4")
    with pytest.raises(UsageError, match="multiple of 32"):
        Design(width=100)


def test_errors_become_exit_codes(tmp_path: Path) -> None:
    args = [sys.executable, "-m", "training.detector", "convert", tmp_path / "no.txt",
            "--pictures", tmp_path, "--to", "wider", "--out", tmp_path / "o.txt"]  # fmt: skip
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert done.returncode == 3 and done.stderr.startswith("error:")


@pytest.mark.parametrize("name", list(command.COMMANDS))
def test_help_has_an_example(name: str, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    with pytest.raises(SystemExit):
        call(monkeypatch, name, "--help")
    assert f"python -m training.detector {name}" in capsys.readouterr().out


@pytest.mark.parametrize("backbone", ["edge", "tiny", "darknet53", "darknet53-spp"])
def test_all_backbones_have_the_same_outputs(backbone: str) -> None:
    design = Design(backbone, 64, 32)
    planes = Detector(design).eval()(torch.zeros(1, 3, 32, 64))
    assert [tuple(p.shape) for p in planes] == [(1, 10, 4, 8), (1, 10, 2, 4), (1, 10, 1, 2)]


def test_the_edge_network_is_small() -> None:
    assert 140e6 < macs(Design()) < 220e6
    kinds = {type(m).__name__ for m in Detector(Design()).modules()}
    assert not kinds & {"LeakyReLU", "PReLU", "Mish"}, "8-bit kernels want ReLU"


def test_a_run_starts_from_another_ones_weights(
    run: Path, made_up: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ["train", "--scenes", *made_up, "--epochs", 1, "--canvases", 4, "--batch", 4,
            "--workers", 0, "--validation-crops", 5, "--mine", 20,
            "--init", run / "best.ckpt"]  # fmt: skip
    assert call(monkeypatch, *args, *SMALL, "--lr", 1e-12, "--out", tmp_path / "on") == 0
    before, after = (checkpoint.load(d / "best.ckpt")[1] for d in (run, tmp_path / "on"))
    assert torch.allclose(before["heads.0.1.weight"], after["heads.0.1.weight"], atol=1e-6)
    with pytest.raises(CheckpointError, match="another network"):
        call(monkeypatch, *args, "--backbone", "tiny", *SMALL, "--out", tmp_path / "x")
