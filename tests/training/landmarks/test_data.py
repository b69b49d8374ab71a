"""Readers of face data sets: what they understand, and what they refuse by file and line."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import UsageError
from tests.training.landmarks.faces import drawn, placed
from training import labels
from training.errors import DataError
from training.labels import FaceLabel
from training.landmarks.data import label_csv, points_csv, sets, utkface, wflw, wiki
from training.landmarks.data.face import Face
from training.landmarks.dataset import FaceSet
from training.landmarks.layouts import IBUG68
from training.pictures import Pictures

POINTS = placed((80, 80), 35)


def label(name: str, **changes: object) -> FaceLabel:
    box = np.array([40, 35, 120, 125], np.float32)
    own = FaceLabel(
        name, box, 0.9, IBUG68.five_of(POINTS), np.array([5, -3, 1], np.float32), POINTS
    )
    return replace(own, **changes)  # type: ignore[arg-type]


# WFLW ---------------------------------------------------------------------------------------
def wflw_line(**changes: str) -> str:
    points = [f"{v:.3f}" for v in np.arange(196.0)]
    parts = {"points": " ".join(points), "box": "10 20 110 140", "flags": "0 1 0 0 1 0"}
    parts |= {"name": "12--Group/12_Group_1.jpg", **changes}
    return " ".join(parts.values())


def test_wflw_lines_have_points_box_and_attributes(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(wflw_line() + "\n\n" + wflw_line(flags="0 0 0 0 0 0", name="b.jpg") + "\n")
    first, second = wflw.read(path)
    assert first.picture == "12--Group/12_Group_1.jpg"
    assert first.box.tolist() == [10, 20, 110, 140]
    assert first.points is not None and first.points.shape == (98, 2)
    assert first.points[3].tolist() == [6, 7]
    assert (first.occluded, second.occluded) == (True, False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (wflw_line(name=""), "206 fields, not 207"),
        (wflw_line(box="10 20 5 140"), "not a box"),
        (wflw_line(flags="0 1 0 0 2 0"), "attributes are 0 or 1"),
        (wflw_line(box="10 x 110 140"), "could not convert"),
    ],
)
def test_a_malformed_wflw_line_names_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"{wflw_line()}\n{line}\n")
    with pytest.raises(DataError, match=f"list.txt:2: {message}"):
        wflw.read(path)


# landmarks.csv ------------------------------------------------------------------------------
HEAD = "file," + ",".join(f"x{i},y{i}" for i in range(68))


def test_a_points_csv_takes_box_and_pose_from_the_labels_of_that_face(tmp_path: Path) -> None:
    path = tmp_path / "landmarks.csv"
    numbers = ",".join(f"{v:.2f}" for v in POINTS.ravel())
    path.write_text(f"{HEAD}\nLuis_Fonsi_21.jpg,{numbers}\nalone.jpg,{numbers}\n")
    far = label("Luis_Fonsi_21.jpg", box=np.array([200, 200, 400, 400], np.float32))
    known = {"Luis_Fonsi_21.jpg": [far, label("Luis_Fonsi_21.jpg")]}
    named, alone = points_csv.read(path, labels=known)
    assert (named.identity, alone.identity) == ("Luis_Fonsi", "alone")
    assert named.truth and named.box.tolist() == [40, 35, 120, 125]
    assert named.pose.tolist() == [5, -3, 1]
    assert np.isnan(alone.pose).all()
    assert alone.box[1] < POINTS[:, 1].min() and alone.box[3] == POINTS[:, 1].max()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.jpg,1,2", "3 fields, not 137"),
        ("a.jpg" + ",1" * 136, "not all finite, or all in one place"),
        ("a.jpg,one" + ",1" * 135, "could not convert"),
        ("a.jpg,nan" + ",1" * 135, "not all finite"),
    ],
)
def test_a_malformed_points_row_names_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "landmarks.csv"
    path.write_text(f"{HEAD}\n{row}\n")
    with pytest.raises(DataError, match=f"landmarks.csv:2: .*{message}"):
        points_csv.read(path)


def test_a_points_csv_with_another_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "landmarks.csv"
    path.write_text("name,x0,y0\n")
    with pytest.raises(DataError, match=r"landmarks\.csv:1: not the header"):
        points_csv.read(path)


# Label files --------------------------------------------------------------------------------
def test_points_that_two_networks_place_apart_are_not_trusted() -> None:
    between = float(np.linalg.norm(label("a").five[1] - label("a").five[0]))
    near = label("a", five=label("a").five + np.float32(0.1 * between))
    far = label("a", five=label("a").five + np.float32(0.2 * between))
    unknown = label("a", five=np.full((5, 2), np.nan, np.float32))
    assert label_csv.trusted_points(near) is not None
    assert label_csv.trusted_points(far) is None
    assert label_csv.trusted_points(unknown) is None


@pytest.mark.parametrize(("yaw", "trusted"), [(-26, False), (24, True), (float("nan"), True)])
def test_a_networks_points_of_a_head_turned_far_are_not_trusted(yaw: float, trusted: bool) -> None:
    turned = label("a", pose=np.array([yaw, 0, 0], np.float32))
    assert (label_csv.trusted_points(turned) is not None) == trusted


def test_the_subject_of_a_picture_is_its_largest_face() -> None:
    small = label("Ann/Ann_1.jpg", box=np.array([0, 0, 20, 20], np.float32), score=0.99)
    (face,) = label_csv.read({"Ann/Ann_1.jpg": [small, label("Ann/Ann_1.jpg")]})
    assert face.box.tolist() == [40, 35, 120, 125]
    assert face.identity == "Ann" and not face.truth


# UTKFace ------------------------------------------------------------------------------------
def test_utkface_names_are_read_and_malformed_ones_named() -> None:
    good, bad = "25_1_2_20170116174525125.jpg.chip.jpg", "61_1_20170109142408075.jpg.chip.jpg"
    faces, malformed, unseen = utkface.read(
        [good, bad, "30_0_0_20170116174525126.jpg"], {good: [label(good)], bad: [label(bad)]}
    )
    assert [(f.age, f.gender, f.group, f.identity) for f in faces] == [(25.0, 1, "Asian", good)]
    assert malformed == [bad]
    assert unseen == ["30_0_0_20170116174525126.jpg"]


@pytest.mark.parametrize(
    "name",
    ["x_1_2_20170116.jpg", "25_2_2_20170116.jpg", "25_1_7_20170116.jpg", "125_1_2_20170116.jpg",
     "25_1_2_.jpg", "55_0_0_20170116232725357jpg.chip.jpg"],
)  # fmt: skip
def test_a_name_that_lacks_a_part_says_nothing(name: str) -> None:
    assert utkface.parse(name) is None


# Wiki JSON ----------------------------------------------------------------------------------
def test_wiki_entries_may_lack_what_they_do_not_know(tmp_path: Path) -> None:
    path = tmp_path / "wiki.json"
    entries = [
        {"file": "a.jpg", "age": 40, "gender": 1, "landmarks": POINTS.tolist()},
        {"file": "b.jpg", "age": None, "gender": "female", "box": [1, 2, 30, 40], "person": "B"},
    ]
    path.write_text(json.dumps(entries))
    first, second = wiki.read(path)
    assert (first.age, first.gender) == (40.0, 0)
    assert first.points is not None and first.truth
    assert math.isnan(second.age) and second.gender == 1 and second.points is None
    assert second.identity == "B" and second.box.tolist() == [1, 2, 30, 40]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"age": 4}, "not an object with"),
        ({"file": "a.jpg"}, "neither landmarks nor box"),
        ({"file": "a.jpg", "box": [5, 5, 1, 9]}, "not a box"),
        ({"file": "a.jpg", "box": [1, 1, 9, 9], "age": 400}, "not an age: 400"),
        ({"file": "a.jpg", "box": [1, 1, 9, 9], "gender": 3}, "not a gender: 3"),
        ({"file": "a.jpg", "landmarks": [[1, 2], [3]]}, "landmarks"),
    ],
)
def test_a_malformed_wiki_entry_is_named(
    tmp_path: Path, entry: dict[str, object], message: str
) -> None:
    path = tmp_path / "wiki.json"
    path.write_text(json.dumps([{"file": "ok.jpg", "box": [1, 1, 9, 9]}, entry]))
    with pytest.raises(DataError, match=f"wiki.json: entry 1: .*{message}"):
        wiki.read(path)


def test_json_that_is_none_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wiki.json"
    path.write_text('[{"file": "a.jpg",\n}]')
    with pytest.raises(DataError, match=r"wiki\.json:2: "):
        wiki.read(path)


# Sets ---------------------------------------------------------------------------------------
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures" / "Ann"
    pictures.mkdir(parents=True)
    cv2.imwrite(str(pictures / "Ann_1.png"), drawn(POINTS))
    labels.write(tmp_path / "labels.csv", [label("Ann/Ann_1.png")])
    return tmp_path


def test_a_set_is_read_by_its_words(tmp_path: Path) -> None:
    top = folder(tmp_path)
    np.savez(
        top / "e.npz",
        names=np.array(["Ann/Ann_1.png"]),
        vectors=np.array([[0.6, 0.8]], np.float16),
    )
    words = ["labels", str(top / "pictures"), f"labels={top / 'labels.csv'}", "weight=3"]
    faces, report = sets.read_set([*words, f"embeddings={top / 'e.npz'}"], IBUG68)
    (face,) = faces.faces
    assert face.weight == 3 and face.embedding is not None
    np.testing.assert_allclose(face.embedding, [0.6, 0.8], atol=1e-3)
    assert faces.image(0).shape == (160, 160, 3)
    assert report.faces == 1 and report.without_points == 0


@pytest.mark.parametrize(("yaw", "weight"), [(-30, 6), (24, 2), (float("nan"), 2)])
def test_heads_turned_aside_are_drawn_more_often(tmp_path: Path, yaw: float, weight: float) -> None:
    top = folder(tmp_path)
    pose = np.array([yaw, 0, 0], np.float32)
    labels.write(top / "labels.csv", [label("Ann/Ann_1.png", pose=pose)])
    words = ["labels", str(top / "pictures"), f"labels={top / 'labels.csv'}"]
    faces, _ = sets.read_set([*words, "weight=2", "turned=3"], IBUG68)
    assert faces.faces[0].weight == weight


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["labels"], "KIND PICTURES"),
        (["faces", "pictures"], "KIND of labels"),
        (["labels", "pictures"], "needs labels=FILE"),
        (["labels", "pictures", "lables=x"], "'lables=x' is none of"),
        (["labels", "pictures", "labels=x", "weight=0"], "weight must be above 0"),
        (["euler", "pictures", "json=x", "signs=1,2,3"], "signs takes three"),
    ],
)
def test_words_that_make_no_set_are_refused(tmp_path: Path, words: list[str], message: str) -> None:
    top = folder(tmp_path)
    words = [str(top / "pictures") if w == "pictures" else w for w in words]
    with pytest.raises(UsageError, match=message):
        sets.read_set(words, IBUG68)


def test_a_label_of_a_picture_that_is_not_there_is_refused(tmp_path: Path) -> None:
    top = folder(tmp_path)
    labels.write(top / "labels.csv", [label("Ann/Ann_2.png")])
    with pytest.raises(DataError, match=r"no picture .Ann/Ann_2\.png"):
        sets.read_set(["labels", str(top / "pictures"), f"labels={top / 'labels.csv'}"], IBUG68)


def test_nobody_is_in_training_and_in_validation(tmp_path: Path) -> None:
    pictures = Pictures(folder(tmp_path) / "pictures")
    people = [f"person {i // 3}" for i in range(300)]
    box = np.array([0, 0, 9, 9], np.float32)
    whole = FaceSet([Face("Ann/Ann_1.png", p, box) for p in people], [pictures] * 300)
    training, held = sets.split(whole)
    trained, kept = ({f.identity for f in part.faces} for part in (training, held))
    assert not trained & kept
    assert 5 <= len(kept) <= 30 and len(training) + len(held) == 300
    with pytest.raises(DataError, match="nobody for"):
        sets.split(whole.subset([0, 1, 2]))
