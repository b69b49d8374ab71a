"""An embedder of our own becomes the pack's; its curve is measured with the finished networks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from edge import packs
from edge.errors import UsageError
from edge.faces import embed
from export import pack, scores
from export.errors import ExportError
from training import checkpoint
from training.errors import DataError
from training.recognition import crops
from training.recognition.model import Design

sys.path.insert(0, str(Path(__file__).parent))
import networks

sys.path.pop(0)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.people(tmp_path_factory.mktemp("pictures") / "people", count=48)


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.embedder(tmp_path_factory.mktemp("run") / "best.ckpt")


@pytest.fixture(scope="module")
def made(people: Path, embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "pack"
    words = ["--embedder", str(embedder), "--calibrate", str(people), "--int8", "always"]
    words += ["--measure", str(people), "--same-camera-shift", "0.07", "--bound", "embedding=0.2"]
    assert pack.main([*words, "--out", str(out)]) == 0
    return out


def test_the_manifest_has_its_input_and_its_measured_curve(made: Path) -> None:
    role = packs.read_manifest(made).roles.embedder
    assert role.input == crops.input_spec("imagenet") and role.head.length == 32
    assert role.forbids_commerce
    curve = role.head.scores
    assert curve.same_camera_shift == 0.07
    assert curve.identities > 26
    assert curve.impostor_pairs == curve.identities * (curve.identities - 1) // 2
    assert curve.data.startswith(f"people: {curve.identities} people, ")


def test_the_rest_is_the_base_packs(made: Path) -> None:
    ours, theirs = (packs.read_manifest(f).roles for f in (made, packs.DEFAULT))
    assert ours.detector == theirs.detector and ours.landmarks == theirs.landmarks
    assert ours.embedder.sha256 != theirs.embedder.sha256


def test_the_device_says_what_torch_says_but_for_8_bits(made: Path, embedder: Path) -> None:
    loaded = packs.load(made)
    points = np.zeros((68, 2), np.float32)
    for group, place in zip(crops.FIVE, crops.ARCFACE, strict=True):
        points[list(group)] = np.array(place) + 9
    image = np.random.default_rng(0).integers(0, 256, (130, 130, 3), np.uint8)
    said = embed.embed(loaded, image, points)
    description, weights = checkpoint.load(embedder)
    net = Design.of(description).build().eval()
    net.load_state_dict(weights)
    with torch.no_grad():
        want = net(torch.from_numpy(embed.aligned(loaded, image, points)))[0].numpy()
    assert said @ want / np.linalg.norm(want) > 0.9


def test_an_embedder_is_not_given_another_ones_scores(
    people: Path, embedder: Path, tmp_path: Path
) -> None:
    words = ["--embedder", str(embedder), "--calibrate", str(people), "--out", str(tmp_path / "p")]
    for wrong in ([], ["--keep-scores"], ["--measure", str(people)]):
        with pytest.raises(UsageError, match="other scores"):
            pack.main([*words, *wrong])
    with pytest.raises(UsageError, match="other scores"):
        pack.main([*words, "--same-camera-shift", "0.1"])
    assert not (tmp_path / "p").exists()


def test_too_few_people_make_no_curve_and_no_pack(
    people: Path, embedder: Path, tmp_path: Path
) -> None:
    few = networks.people(tmp_path / "few", count=12)
    words = ["--embedder", str(embedder), "--calibrate", str(people), "--out", str(tmp_path / "p")]
    with pytest.raises(DataError, match="too few people"):
        pack.main([*words, "--measure", str(few), "--same-camera-shift", "0.1"])
    assert not (tmp_path / "p").exists()


def test_a_file_that_holds_no_scores_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("curve = [")
    with pytest.raises(ExportError, match=r"s.toml: no scores"):
        scores.from_file(tmp_path / "s.toml")
