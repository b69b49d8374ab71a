"""Readers of pose data sets, with labels made from known poses."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from tests.training.landmarks.faces import drawn, placed
from training import labels
from training.errors import DataError
from training.labels import FaceLabel
from training.landmarks.data import sets
from training.landmarks.layouts import IBUG68
from training.pose.data import biwi, euler_json, mat
from training.pose.rotation import matrix_of

POINTS = placed((80, 80), 40)
POSE = np.array([25.0, -10.0, 15.0])


def write_mat(path: Path, **changes: object) -> None:
    """As 300W-LP has it: radians, yaw to the other side."""
    para = np.zeros((1, 7))
    para[0, :3] = np.radians([POSE[1], -POSE[0], POSE[2]])
    scipy.io.savemat(path, {"Pose_Para": para, "pt2d": POINTS.T, **changes})


def test_300wlp_is_read_and_its_faces_are_by_photograph(tmp_path: Path) -> None:
    for name in ("AFW_1_0", "AFW_1_1"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), drawn(POINTS))
        write_mat(tmp_path / f"{name}.mat")
    faces, _ = sets.read_set(["300wlp", str(tmp_path)], IBUG68)
    first, second = faces.faces
    np.testing.assert_allclose(first.pose, POSE, atol=1e-4)
    assert first.identity == second.identity == "AFW_1"
    assert first.points is not None
    np.testing.assert_allclose(first.points, POINTS, atol=1e-3)


def test_aflw2000_has_its_points_in_space(tmp_path: Path) -> None:
    space = np.vstack([POINTS.T, np.zeros((1, 68))])
    write_mat(tmp_path / "image00002.mat", pt2d=np.zeros((2, 21)), pt3d_68=space)
    (face,) = mat.read(tmp_path, ["image00002.jpg"])
    assert face.points is not None
    np.testing.assert_allclose(face.points, POINTS, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Pose_Para": np.zeros((1, 2))}, "no Pose_Para"),
        ({"Pose_Para": np.full((1, 7), np.nan)}, "no Pose_Para"),
        ({"pt2d": np.zeros((2, 21))}, "no 68 points"),
    ],
)
def test_a_mat_that_lacks_something_is_named(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    write_mat(tmp_path / "a.mat", **changes)
    with pytest.raises(DataError, match=f"a.mat: {message}"):
        mat.read(tmp_path, ["a.jpg"])


def test_a_mat_that_is_none_or_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.mat: no labels for a\.jpg"):
        mat.read(tmp_path, ["a.jpg"])
    (tmp_path / "a.mat").write_text("nothing of the kind")
    with pytest.raises(DataError, match=r"a\.mat: not a \.mat file"):
        mat.read(tmp_path, ["a.jpg"])


def biwi_text(pose: np.ndarray) -> str:
    """The camera's axes have z away from it: both sides are turned about."""
    about = np.diag([1.0, 1.0, -1.0])
    rows = about @ matrix_of(pose) @ about
    return "\n".join(" ".join(f"{v:.6f}" for v in row) for row in rows) + "\n\n74.1 22.8 879.3\n"


def test_biwi_matrices_are_poses_and_boxes_come_from_labels(tmp_path: Path) -> None:
    person = tmp_path / "01"
    person.mkdir()
    cv2.imwrite(str(person / "frame_00003_rgb.png"), drawn(POINTS))
    (person / "frame_00003_pose.txt").write_text(biwi_text(POSE))
    box = np.array([40, 30, 120, 130], np.float32)
    nothing = np.full((5, 2), np.nan, np.float32)
    own = FaceLabel("01/frame_00003_rgb.png", box, 0.9, nothing, nothing[0, :1].repeat(3), None)
    labels.write(tmp_path / "boxes.csv", [own])
    words = ["biwi", str(tmp_path), f"labels={tmp_path / 'boxes.csv'}"]
    faces, _ = sets.read_set(words, IBUG68)
    (face,) = faces.faces
    np.testing.assert_allclose(face.pose, POSE, atol=1e-3)
    assert face.identity == "biwi_01" and face.points is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0 0\n0 1\n0 0 1\n", "pose.txt:2: 2 numbers"),
        ("1 0 0\n0 one 0\n0 0 1\n", "pose.txt:2: could not convert"),
        ("1 0 0\n0 1 0\n", "pose.txt: 2 rows"),
        ("1 0 0\n0 1 0\n0 0 2\n", "pose.txt: its matrix is no rotation"),
        ("1 0 0\n0 1 0\n0 0 -1\n", "pose.txt: its matrix is no rotation"),
    ],
)
def test_a_malformed_biwi_pose_names_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pose.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        biwi.parse(path)


def test_euler_angles_come_as_list_or_by_name_and_signs_are_said(tmp_path: Path) -> None:
    path = tmp_path / "pose.json"
    named = {"roll": 15, "yaw": -25, "pitch": -10}
    entries = [
        {"file": "p_1.jpg", "bbox": [1, 2, 30, 40], "euler_angle": [-25, -10, 15]},
        {"file": "q.jpg", "bbox": [1, 2, 30, 40], "euler_angle": named, "person": "Q"},
    ]
    path.write_text(json.dumps(entries))
    first, second = euler_json.read(path, (-1, 1, 1))
    assert first.pose.tolist() == second.pose.tolist() == POSE.tolist()
    assert (first.identity, second.identity) == ("p", "Q")
    assert first.box.tolist() == [1, 2, 30, 40]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"bbox": [1, 2, 3, 4]}, "not an object with"),
        ({"file": "a", "bbox": [1, 2, 3, 4]}, "entry 0"),
        ({"file": "a", "bbox": [1, 2, 3, 4], "euler_angle": {"yaw": 1}}, "not three angles"),
        ({"file": "a", "bbox": [1, 2, 3, 4], "euler_angle": [1, 2, 300]}, "not three angles"),
        ({"file": "a", "bbox": [9, 2, 3, 4], "euler_angle": [1, 2, 3]}, "not a box"),
    ],
)
def test_a_malformed_euler_entry_is_named(
    tmp_path: Path, entry: dict[str, object], message: str
) -> None:
    path = tmp_path / "pose.json"
    path.write_text(json.dumps([entry]))
    with pytest.raises(DataError, match=message):
        euler_json.read(path)
