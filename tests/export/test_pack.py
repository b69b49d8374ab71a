"""From checkpoints to a pack that the device runs, and what is refused on the way."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from edge import packs
from edge.errors import FaceGateError, PackError, UsageError
from edge.faces.detect import detect
from edge.faces.landmarks import landmark_bound, locate
from edge.faces.observation import Pose, turned
from edge.packs import preprocess
from edge.packs.schema import YoloLevelsHead
from export import pack
from export.errors import ExportError
from training import loop
from training.detector.model import Detector
from training.errors import CheckpointError, DataError
from training.landmarks.model import build, outputs_of
from training.pose import rotation

sys.path.insert(0, str(Path(__file__).parent))
import networks

sys.path.pop(0)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.people(tmp_path_factory.mktemp("pictures") / "people")


@pytest.fixture(scope="session")
def face_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.face_net(tmp_path_factory.mktemp("run") / "best.ckpt")


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.detector(tmp_path_factory.mktemp("run") / "best.ckpt")


@pytest.fixture(scope="session")
def made(
    people: Path, face_net: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A pack with landmarks, age and gender from one checkpoint, and the folder of its report."""
    out, report = tmp_path_factory.mktemp("out") / "pack", tmp_path_factory.mktemp("report")
    both = ["--landmarks", str(face_net), "--age-gender", str(face_net)]
    words = [*both, "--calibrate", str(people), "--keep-scores", "--out", str(out)]
    words += ["--report", str(report), "--name", "own", "--pack-version", "3", "--int8", "always"]
    assert pack.main([*words, "age_gender=never", "--min-confidence", "0.25"]) == 0
    return out, report


def test_a_face_network_becomes_two_networks_of_the_pack(made: tuple[Path, Path]) -> None:
    done = packs.load(made[0], optional=("age_gender",))
    assert (done.manifest.name, done.manifest.version) == ("own", "3")
    roles = done.manifest.roles
    assert roles.landmarks.forbids_commerce
    assert roles.age_gender is not None and roles.age_gender.forbids_commerce
    assert landmark_bound(done) == 0.25
    image = np.random.default_rng(0).integers(0, 256, (200, 220, 3), np.uint8)
    found = locate(done, image, np.array([40, 40, 160, 170], np.float32))
    assert found.points.shape == (68, 2)
    assert found.confidence is not None and 0 <= found.confidence <= 1
    assert found.pose is not None
    assert sorted(p.name for p in made[0].parent.iterdir()) == ["pack"]


def test_what_was_not_given_is_the_base_packs(made: tuple[Path, Path]) -> None:
    for role in ("detector", "embedder"):
        assert (made[0] / f"{role}.onnx").read_bytes() == (
            packs.DEFAULT / f"{role}.onnx"
        ).read_bytes()
    ours, theirs = (packs.read_manifest(f).roles for f in (made[0], packs.DEFAULT))
    assert ours.detector == theirs.detector and ours.embedder == theirs.embedder
    assert ours.liveness == theirs.liveness


def test_the_float_file_says_what_torch_says(made: tuple[Path, Path], face_net: Path) -> None:
    done = packs.load(made[0], optional=("age_gender",))
    assert done.age_gender is not None and done.manifest.roles.age_gender is not None
    module = outputs_of(build(*loop.load(face_net)), "age_gender")
    value = np.random.default_rng(1).normal(0, 0.5, (1, 3, 112, 112)).astype(np.float32)
    with torch.no_grad():
        wanted = module(torch.from_numpy(value))
    for got, want in zip(done.age_gender.run(value), wanted, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-4, atol=1e-4)


def test_the_report_has_its_figures(made: tuple[Path, Path]) -> None:
    data = json.loads((made[1] / "report.json").read_text())
    text = (made[1] / "report.md").read_text()
    net = data["networks"]["landmarks"]
    assert net["shipped"] == "int8" and data["networks"]["age_gender"]["shipped"] == "float"
    assert net["torch_parity"]["largest_difference"] < 1e-4
    assert set(net["int8_errors"]) == {"points", "confidence", "pose"}
    shares = [s["share_of_bound"] for s in net["sensitivity"]]
    assert shares == sorted(shares, reverse=True) and len(shares) > 5
    assert net["kernels"]["int8"]["QLinearConv"] > 5 and net["kernels"]["float"]
    assert net["bytes"]["shipped"] < net["bytes"]["float"]
    assert any("curve" in note for note in data["notes"])
    assert "## landmarks: int8" in text and "| node_" in text


def test_scores_are_laid_into_a_pack_without_checkpoints(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    scores = tmp_path / "scores.toml"
    curve = "curve = [{fmr = 0.1, score = 0.5}, {fmr = 0.01, score = 0.6}]"
    scores.write_text(f'data = "made up"\nidentities = 50\nimpostor_pairs = 9000\n{curve}\n')
    out = tmp_path / "pack"
    assert pack.main(["--base", str(made[0]), "--scores", str(scores), "--out", str(out)]) == 0
    new, old = (packs.read_manifest(f).roles.embedder.head.scores for f in (out, made[0]))
    assert new.data == "made up" and new.same_camera_shift == old.same_camera_shift
    assert (out / "landmarks.onnx").read_bytes() == (made[0] / "landmarks.onnx").read_bytes()


def test_a_detector_of_levels_runs_on_the_device(
    detector: Path, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    words = ["--detector", str(detector), "--calibrate", str(people), "--keep-scores"]
    # Untrained, it is sure of nothing: a low threshold makes boxes.
    words += ["--score-threshold", "0.002", "--int8", "never", "--out", str(out)]
    assert pack.main(words) == 0
    done = packs.load(out)
    head = done.manifest.roles.detector.head
    assert isinstance(head, YoloLevelsHead)
    assert [lv.output for lv in head.levels] == ["planes8", "planes16", "planes32"]
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    boxes, scores = detect(done, image)
    assert boxes.shape == (8, 4) and (np.diff(scores) <= 0).all()
    description, weights = loop.load(detector)
    module = Detector(networks.DESIGN).eval()
    assert description == networks.DESIGN.plain()
    module.load_state_dict(weights)
    spec = done.manifest.roles.detector.input
    assert spec.fit.kind == "letterbox"
    value = preprocess.tensor(image, preprocess.frame_matrix(spec.fit, spec, 120, 160), spec)
    with torch.no_grad():
        best = max(float(torch.sigmoid(p[:, 4::5]).max()) for p in module(torch.from_numpy(value)))
    assert scores[0] == pytest.approx(best, rel=1e-3)


def test_the_device_turns_poses_as_the_training_does() -> None:
    rng = np.random.default_rng(0)
    for pose in rng.uniform(-60, 60, (50, 3)):
        angle = float(rng.uniform(-1, 1))
        got = turned(Pose(*pose), angle)
        wanted = rotation.turned(pose, angle)
        assert (got.yaw, got.pitch, got.roll) == pytest.approx(tuple(wanted), abs=1e-6)


# Refusals -----------------------------------------------------------------------------------
def refused(error: type[FaceGateError], match: str, out: Path, *words: str | Path) -> None:
    before = sorted(p.name for p in out.parent.iterdir())
    with pytest.raises(error, match=match):
        pack.main([*(str(w) for w in words), "--out", str(out)])
    assert sorted(p.name for p in out.parent.iterdir()) == before


def test_wrong_checkpoints_are_named(
    detector: Path, face_net: Path, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    rest = ("--calibrate", people, "--keep-scores")
    refused(CheckpointError, "absent.ckpt", out, "--detector", tmp_path / "absent.ckpt", *rest)
    refused(CheckpointError, "not for --detector", out, "--detector", face_net, *rest)
    refused(CheckpointError, "not for --landmarks", out, "--landmarks", detector, *rest)
    points = networks.face_net(tmp_path / "p.ckpt", heads=("points", "confidence", "pose"))
    refused(CheckpointError, "not for --age-gender.*age", out, "--age-gender", points, *rest)
    other = networks.face_net(tmp_path / "w.ckpt", layout="wflw98", count=98)
    refused(ExportError, "wflw98", out, "--landmarks", other, *rest)
    (tmp_path / "cut.ckpt").write_bytes(face_net.read_bytes()[:3000])
    refused(CheckpointError, r"cut\.ckpt", out, "--landmarks", tmp_path / "cut.ckpt", *rest)


def test_an_existing_pack_stays_unless_forced(
    made: tuple[Path, Path], face_net: Path, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    shutil.copytree(packs.DEFAULT, out)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    words = ("--age-gender", face_net, "--calibrate", people)
    refused(PackError, "--force", out, *words)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_wrong_arguments_are_refused(face_net: Path, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    marks, pictures = ("--landmarks", face_net), ("--calibrate", people)
    refused(UsageError, "nothing to do", out)
    refused(UsageError, "--calibrate is needed", out, *marks, "--keep-scores")
    refused(UsageError, "--keep-scores", out, *marks, *pictures)
    age = ("--age-gender", face_net, *pictures)
    refused(UsageError, "--int8", out, *age, "--int8", "sometimes")
    refused(UsageError, "--calibration", out, *age, "--calibration", "lock=entropy")
    refused(UsageError, "'points'", out, *age, "--bound", "points=0.1")
    refused(UsageError, "at least 8", out, *age, "--pictures", "3")


def test_pictures_must_be_there_and_of_both_sides(face_net: Path, tmp_path: Path) -> None:
    out, age = tmp_path / "pack", ("--age-gender", face_net)
    refused(DataError, "absent", out, *age, "--calibrate", tmp_path / "absent")
    few = networks.people(tmp_path / "few", 1)
    refused(ExportError, "held back", out, *age, "--calibrate", few)


def test_a_bound_that_cannot_be_met_ships_float_or_nothing(
    face_net: Path, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    words = ("--age-gender", face_net, "--calibrate", people, "--bound", "age=1e-9", "gender=1e-9")
    refused(ExportError, "outside the bounds", out, *words, "--int8", "always")
    report = tmp_path / "report"
    more = ("--calibration", "percentile", "--report", report, "--out", out)
    assert pack.main([str(w) for w in (*words, *more)]) == 0
    data = json.loads((report / "report.json").read_text())["networks"]["age_gender"]
    assert data["shipped"] == "float" and "outside the bounds" in data["why"]
    assert list(data["calibration"]["share_of_bound"]) == ["percentile"]
    assert tomllib.loads((out / "manifest.toml").read_text())["roles"]["age_gender"]["input"]
