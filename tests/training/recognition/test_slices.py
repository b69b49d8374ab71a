"""Slices: who is in which, and labels that are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.recognition.made_up_people import embedded
from training.errors import DataError
from training.recognition import slices
from training.recognition.embeddings import Embedded


def test_bands_are_of_what_the_device_measured() -> None:
    faces, labels = embedded(0, count=20, each=6)
    cut = slices.slices(faces)
    turned = dict(cut["turn (yaw, degrees)"])
    assert {name: int(mask.sum()) for name, mask in turned.items()} == {"< 10": 60, "20 to 30": 60}
    assert sum(int(mask.sum()) for _, mask in cut["sharpness (thirds)"]) == 120
    assert not {"age (years)", "gender", "glasses"} & set(cut)
    said = slices.figures(faces, labels, cut, 0.6, repetitions=200)
    by_name = {(s["kind"], s["slice"]): s for s in said}
    half = by_name["turn (yaw, degrees)", "20 to 30"]
    # 20 people with 3 turned pictures each
    assert (half["fnmr"]["trials"], half["fmr"]["trials"]) == (20 * 3, 60 * 59 // 2 - 60)


def test_a_group_that_looks_alike_is_seen() -> None:
    faces, people = embedded(1, count=40, each=4)
    alike = faces.vectors.copy()
    alike[people < 20] += 1.2 * alike[0]  # one direction in common
    alike /= np.linalg.norm(alike, axis=1, keepdims=True)
    mixed = Embedded(faces.names, faces.found, alike, faces.measures)
    labels = {
        name: {"skin_tone": "I" if person < 20 else "II"}
        for name, person in zip(faces.names, people, strict=True)
    }
    cut = slices.slices(mixed, labels)
    said = slices.figures(mixed, people, {"skin tone": cut["skin tone"]}, 0.5, repetitions=200)
    rates = {s["slice"]: s["fmr"] for s in said}
    assert rates["I"]["people"][0] > rates["II"]["people"][1]


def test_a_slice_of_one_person_has_no_rates() -> None:
    faces, people = embedded(2, count=3, each=2)
    only = {"glasses": [("yes", people == 0)]}
    (entry,) = slices.figures(faces, people, only, 0.5, repetitions=200)
    assert entry["people"] == 1 and entry["fmr"] is entry["fnmr"] is None


def test_labels_come_from_a_file_or_from_names(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("picture,age,glasses\na/1.jpg,41,yes\na/2.jpg,,no\n")
    assert slices.read_labels(path) == {
        "a/1.jpg": {"age": "41", "glasses": "yes"},
        "a/2.jpg": {"glasses": "no"},
    }
    assert slices.of_name("p/26_1_0_2017.jpg") == {"age": "26", "gender": "female"}
    for other in ("p/Ada_0001.jpg", "p/26_2_0_2017.jpg", "p/200_1_0_2017.jpg"):
        assert slices.of_name(other) == {}
    faces, _ = embedded(3, count=4, each=2)
    named = Embedded(
        tuple(f"p{i}/{20 + 5 * i}_{i % 2}_0_{i}.jpg" for i in range(8)),
        faces.found,
        faces.vectors,
        faces.measures,
    )
    cut = slices.slices(named, {"p0/20_0_0_0.jpg": {"age": "8"}})
    assert next((n, int(m.sum())) for n, m in cut["age (years)"]) == ("< 13", 1)
    assert {n: int(m.sum()) for n, m in cut["gender"]} == {"female": 4, "male": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,colour\na,red\n", "'colour' is not known"),
        ("age,gender\n1,male\n", "some are missing"),
        ("picture,age\na,old\n", ":2: 'old' is no age"),
        ("picture,age\na,-3\n", ":2: '-3' is no age"),
        ("picture,age\na,1\na,2\n", ":3: a has a line already"),
        ("picture,age\na\n", ":2: not 2 fields"),
        ("picture,age\na,1,2\n", ":2: not 2 fields"),
        ("", "some are missing"),
    ],
)
def test_wrong_labels_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        slices.read_labels(path)


def test_labels_of_other_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture has a label"):
        slices.slices(embedded(4, count=3, each=2)[0], {"other.jpg": {"age": "3"}})
    with pytest.raises(DataError, match="absent"):
        slices.read_labels(tmp_path / "absent.csv")
