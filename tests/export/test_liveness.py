"""A liveness network of our own becomes the pack's: crops, bound and file."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import packs
from edge.errors import UsageError
from edge.faces import detect, liveness
from edge.packs.schema import BoxesFit, LivenessNetworkRole
from export import pack
from export.faces import Source
from training.liveness import samples
from training.liveness.samples import Sample

sys.path.insert(0, str(Path(__file__).parent))
import networks

sys.path.pop(0)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.people(tmp_path_factory.mktemp("pictures") / "people", count=24)


@pytest.fixture(scope="module")
def made(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    words = ["--liveness", str(networks.liveness(folder / "best.ckpt")), "--live-bound", "0.7"]
    words += ["--calibrate", str(people), "--int8", "always", "--bound", "classes=0.2"]
    assert pack.main([*words, "--out", str(folder / "pack")]) == 0
    return folder / "pack"


def test_the_manifest_says_what_is_cut_and_from_where_a_face_lives(made: Path) -> None:
    role = packs.read_manifest(made).roles.liveness
    assert isinstance(role, LivenessNetworkRole)
    assert isinstance(role.input.fit, BoxesFit)
    assert [crop.scale for crop in role.input.fit.crops] == [2.5, 3.5]
    assert (role.input.width, role.input.height) == (32, 64)
    assert (role.head.bound, role.head.classes, role.head.live) == (0.7, 2, 1)
    assert role.forbids_commerce


def test_the_device_scores_a_face_with_it(made: Path, people: Path) -> None:
    loaded = packs.load(made)
    image = np.asarray(cv2.imread(str(next(people.rglob("*.jpg")))), np.uint8)
    boxes, _ = detect.detect(loaded, image)
    score = liveness.passive(loaded, image, boxes[0])
    assert 0 < score < 1
    assert liveness.passive(loaded, np.full_like(image, 90), boxes[0]) != score
    assert liveness.passive_bound(loaded) == 0.7


def test_bounds_of_networks_that_stay_are_moved_alone(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "moved"
    words = ["--base", str(made), "--out", str(out), "--live-bound", "0.25"]
    assert pack.main([*words, "--min-confidence", "0.55"]) == 0
    before, after = (packs.read_manifest(f).roles for f in (made, out))
    assert isinstance(after.liveness, LivenessNetworkRole)
    assert isinstance(before.liveness, LivenessNetworkRole)
    assert after.liveness.head.bound == 0.25
    assert after.liveness.sha256 == before.liveness.sha256
    assert after.landmarks.head.min_confidence == 0.55
    assert after.landmarks.sha256 == before.landmarks.sha256
    with pytest.raises(UsageError, match=r"0\.\.1"):
        pack.main([*words, "--min-confidence", "1.5"])


def test_pictures_of_a_list_are_split_by_the_people_that_it_names(
    people: Path, tmp_path: Path
) -> None:
    image = cv2.imread(str(next(people.rglob("*.jpg"))))
    box = np.array([1, 2, 30, 40], np.float32)
    found = []
    for i in range(24):
        path = tmp_path / "made" / "pictures" / "print" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
        found.append(Sample(path, "print", f"person {i}", box))
    samples.write(tmp_path / "made" / "list.csv", found)
    assert len(set(Source.of(tmp_path, 100).sides.values())) == 3
