"""A pack is measured through the device's code: by the label's box, and behind its own detector."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from edge import packs
from edge.faces.landmarks import locate
from edge.outputs import write_picture
from tests.training.landmarks.faces import LAYOUT, folder_of_faces
from training.errors import DataError
from training.landmarks import worst
from training.landmarks.data import points_csv
from training.landmarks.evaluate import chosen, evaluate, on_device, own_box
from training.landmarks.layouts import IBUG68
from training.landmarks.locate import Found

skimage_data = pytest.importorskip("skimage.data")

BOX = np.array([170, 70, 285, 210], np.float32)
"""The astronaut's face."""


@pytest.fixture(scope="module")
def pack() -> packs.Pack:
    return packs.load("default", optional=("age_gender",))


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.ascontiguousarray(skimage_data.astronaut()[:, :, ::-1])


def set_of(folder: Path, pictures: dict[str, np.ndarray], points: np.ndarray) -> list[str]:
    (folder / "pictures").mkdir()
    head = "file," + ",".join(f"x{i},y{i}" for i in range(68))
    rows = [head]
    for name, image in pictures.items():
        write_picture(folder / "pictures" / name, image)
        rows.append(f"{name}," + ",".join(f"{v:.2f}" for v in points.ravel()))
    (folder / "points.csv").write_text("\n".join(rows) + "\n")
    return ["landmarks68", str(folder / "pictures"), f"points={folder / 'points.csv'}"]


def arguments(words: list[str], **changes: object) -> argparse.Namespace:
    own = {"what": "default", "sets": [words], "part": "all", "limit": 0, "border": 0.0}
    return argparse.Namespace(**{**own, "json": True, "out": None, "worst": None, **changes})


def test_the_device_finds_the_face_and_what_it_does_not_find_is_a_failure(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pack: packs.Pack,
    astronaut: np.ndarray,
) -> None:
    # What the device itself says of the face is the truth here; the second picture is blank.
    points = locate(pack, astronaut, BOX).points
    words = set_of(tmp_path, {"a.png": astronaut, "b.png": np.full_like(astronaut, 99)}, points)
    out = tmp_path / "figures.json"
    assert evaluate(arguments(words, out=out)) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures == json.loads(out.read_text())
    given, own = figures["label's box"], figures["own detector's box"]
    assert given["points"]["count"] == own["points"]["count"] == 2
    assert given["found"]["rate"] == 1.0 and own["found"]["rate"] == 0.5
    assert own["points"]["missing"] == 1 and own["points"]["failures"]["rate"] == 0.5
    assert own["points"]["nme"] < 0.08


def test_the_detectors_box_is_of_the_labelled_face_or_none(
    pack: packs.Pack, astronaut: np.ndarray
) -> None:
    box = own_box(pack, astronaut, BOX, border=0.0)
    assert box is not None and np.abs(box - BOX).max() < 60
    elsewhere = np.array([300, 300, 400, 420], np.float32)
    assert own_box(pack, astronaut, elsewhere, border=0.0) is None


def test_a_border_does_not_move_the_box(pack: packs.Pack, astronaut: np.ndarray) -> None:
    x1, y1, x2, y2 = (int(v) for v in BOX + [-15, -15, 15, 15])
    tight = np.ascontiguousarray(astronaut[y1:y2, x1:x2])
    label = BOX - np.array([x1, y1, x1, y1], np.float32)
    box = own_box(pack, tight, label, border=0.6)
    assert box is not None and np.abs(box - label).max() < 40


def test_age_and_gender_come_from_the_box(pack: packs.Pack, astronaut: np.ndarray) -> None:
    found = on_device(pack, astronaut, BOX)
    assert found.age is not None and 5 < found.age < 80
    assert found.gender is not None and found.gender.shape == (2,)
    assert found.points is not None and found.points.shape == (68, 2)


def test_limit_takes_an_even_choice(tmp_path: Path) -> None:
    blank = np.zeros((40, 40, 3), np.uint8)
    points = np.random.default_rng(0).uniform(5, 35, (68, 2))
    words = set_of(tmp_path, {f"{i}.png": blank for i in range(9)}, points)
    assert len(points_csv.read(tmp_path / "points.csv")) == 9
    quiet = Console(quiet=True)
    faces = chosen(arguments(words, limit=3), IBUG68, quiet)
    assert [f.picture for f in faces.faces] == ["0.png", "4.png", "8.png"]
    assert cv2.countNonZero(faces.image(0)[:, :, 0]) == 0


def test_the_worst_faces_are_drawn_and_counted(tmp_path: Path) -> None:
    faces = folder_of_faces(tmp_path, 4)
    found = [
        None if i == 0 else Found(points=f.points + 5.0 * i) for i, f in enumerate(faces.faces)
    ]
    path = tmp_path / "worst.png"
    assert worst.sheet(path, faces, found, LAYOUT) == 4
    drawn = cv2.imread(str(path))
    assert drawn is not None and (drawn == (60, 60, 255)).all(axis=2).any()
    with pytest.raises(DataError, match="no face of the sets has points"):
        worst.sheet(path, faces.subset([]), [], LAYOUT)
