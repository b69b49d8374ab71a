"""Faces seen badly: what the figures are of, and that they fall where they must."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.errors import UsageError
from training.errors import CheckpointError, DataError
from training.recognition import __main__ as command
from training.recognition import faces, robust

sys.path.insert(0, str(Path(__file__).parent))
import made_up

sys.path.pop(0)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return made_up.people(tmp_path_factory.mktemp("people"), count=20)


def test_views_change_the_crop_and_follow_from_their_generator(people: tuple[Path, Path]) -> None:
    crop = faces.load(*people, validation=None)[0].crop()
    for name, change in robust.VIEWS.items():
        one, again = (change(crop, np.random.default_rng(3)) for _ in range(2))
        assert one.shape == crop.shape and one.dtype == np.uint8
        assert np.array_equal(one, again)
        assert np.array_equal(one, crop) == (name == "as it is")


def test_people_of_one_picture_are_left_out(people: tuple[Path, Path]) -> None:
    found = faces.load(*people, validation=None)
    assert len(robust.chosen(found, 2)) == 40
    assert robust.chosen(found[:4], 6) == found[:3]


def test_the_figures_are_those_of_the_scores() -> None:
    labels = np.repeat(np.arange(40), 2)

    def telling(images: np.ndarray) -> np.ndarray:
        return np.eye(40, dtype=np.float32)[images[:, 0, 0, 0]]

    images = np.zeros((80, 3, 112, 112), np.uint8)
    images[:, 0, 0, 0] = labels
    tars = robust.measure(telling, images, labels)
    assert tars["1e-03"] == 1.0 and tars["1e-05"] is None, "3,120 pairs show no 1e-5"
    images[1, 0, 0, 0] = 5  # one of forty genuine pairs is lost
    tars = robust.measure(telling, images, labels)
    assert tars["1e-03"] == pytest.approx(39 / 40)


def test_the_command_compares_networks(
    people: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = made_up.teacher(tmp_path / "net.onnx")[0]
    out = tmp_path / "r.json"
    words = ["robust", str(net), "--set", *map(str, people), "--json", str(out), "--each", "2"]
    assert command.main(words) == 0
    told = json.loads(out.read_text())
    assert told["people"] == 20 and set(told["views"]) == set(robust.VIEWS)
    assert "hand on the mouth" in capsys.readouterr().out


def test_wrong_input_is_named(people: tuple[Path, Path], tmp_path: Path) -> None:
    data = ["--set", *map(str, people)]
    with pytest.raises(CheckpointError, match=r"no.ckpt"):
        command.main(["robust", "no.ckpt", *data])
    with pytest.raises(DataError, match=r"no.onnx"):
        command.main(["robust", "no.onnx", *data])
    with pytest.raises(UsageError, match="--each"):
        command.main(["robust", "no.onnx", *data, "--each", "1"])
