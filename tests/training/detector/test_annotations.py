"""Labels in other formats: what is written is what was read, and bad lines are named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.detector import wider, yolo_text
from training.detector.annotations import Faces, read_any
from training.errors import DataError
from training.pictures import Pictures

SIZE = (400, 300)
corners = st.tuples(st.floats(-30, 350), st.floats(-30, 260), st.floats(1, 200), st.floats(1, 200))


def faces_of(values: list[tuple[float, float, float, float]]) -> Faces:
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in values], np.float32).reshape(-1, 4)
    return Faces(boxes, np.ones(len(boxes), np.float32))


@given(st.lists(corners, max_size=5))
@settings(max_examples=60, deadline=None)
def test_wider_and_back(tmp_path_factory: pytest.TempPathFactory, values: list) -> None:
    path = tmp_path_factory.mktemp("wider") / "faces.txt"
    faces = faces_of(values)
    wider.write(path, {"0--Parade/one.jpg": faces, "0--Parade/none.jpg": faces_of([])})
    found = wider.read(path)
    assert list(found) == ["0--Parade/one.jpg", "0--Parade/none.jpg"]
    assert np.allclose(found["0--Parade/one.jpg"].boxes, faces.boxes, atol=2e-3)
    assert (found["0--Parade/one.jpg"].scores == 1).all()
    assert not len(found["0--Parade/none.jpg"].boxes)


@given(st.lists(corners, max_size=5))
@settings(max_examples=60, deadline=None)
def test_yolo_and_back(tmp_path_factory: pytest.TempPathFactory, values: list) -> None:
    path = tmp_path_factory.mktemp("yolo") / "one.txt"
    faces = faces_of(values)
    path.write_text(yolo_text.text(faces, SIZE))
    found = yolo_text.parse(path, SIZE)
    assert np.allclose(found.boxes, faces.boxes, atol=2e-3)


@given(st.lists(corners, min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_wider_to_yolo_to_wider(tmp_path_factory: pytest.TempPathFactory, values: list) -> None:
    """The whole way round; both corners survive, neither takes the other's place."""
    folder = tmp_path_factory.mktemp("round")
    faces = faces_of(values)
    yolo_text.write(folder / "yolo", {"a/one.jpg": faces}, lambda name: SIZE)
    between = yolo_text.parse(folder / "yolo" / "a" / "one.txt", SIZE)
    wider.write(folder / "back.txt", {"a/one.jpg": between})
    found = wider.read(folder / "back.txt")["a/one.jpg"].boxes
    assert np.allclose(found, faces.boxes, atol=5e-3)
    assert (found[:, 2:] > found[:, :2]).all()


def test_wider_as_published(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text(
        "0--Parade/0_Parade_marchingband_1_849.jpg\n1\n449 330 122 149 0 0 0 0 0 0 \n"
        "0--Parade/none.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n"
        "0--Parade/two.jpg\n2\n10 20 30 40 2 0 0 1 0 0\n5 6 7 8 0 0 0 0 0 0\n"
    )
    found = wider.read(path)
    first = found["0--Parade/0_Parade_marchingband_1_849.jpg"]
    assert first.boxes.tolist() == [[448.5, 329.5, 570.5, 478.5]]
    assert not len(found["0--Parade/none.jpg"].boxes)
    two = found["0--Parade/two.jpg"]
    assert two.scores.tolist() == [1.0, wider.UNSURE], "the invalid face comes last and is unsure"
    assert two.boxes[0].tolist() == [4.5, 5.5, 11.5, 13.5]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a.jpg\n1\n1 2 3 4 0 0 0 0 0\n", 3, "9 fields"),
        ("a.jpg\n1\n1 2 x 4 0 0 0 0 0 0\n", 3, "x"),
        ("a.jpg\n1\n1 2 -3 4 0 0 0 0 0 0\n", 3, "not a box"),
        ("a.jpg\none\n", 2, "not a number of faces"),
        ("a.jpg\n", 2, "ends"),
        ("a.jpg\n2\n1 2 3 4 0 0 0 0 0 0\n", 4, "ends"),
        ("a.jpg\n0\na.jpg\n0\n", 3, "second time"),
        ("a.jpg\n0\n\nb.jpg\n0\n", 3, "empty line"),
    ],
)
def test_a_bad_line_of_wider_is_named(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = tmp_path / "gt.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"gt\.txt:{line}: .*{what}"):
        wider.read(path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0 0.5 0.5 0.1\n", "class cx cy w h"),
        ("0 0.5 0.5 0.1 0.1\n0 0.5 a 0.1 0.1\n", "class cx cy w h"),
        ("1 0.5 0.5 0.1 0.1\n", "class 1"),
        ("0 120 80 0.1 0.1\n", "not fractions"),
        ("0 0.5 0.5 0 0.1\n", "not a size"),
        ("0 nan 0.5 0.1 0.1\n", "not fractions"),
    ],
)
def test_a_bad_line_of_yolo_is_named(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "one.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"one\.txt:{text.count(chr(10))}: .*{what}"):
        yolo_text.parse(path, SIZE)


def test_a_yolo_file_without_its_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "labels").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    pictures = Pictures(tmp_path / "pictures")
    found = read_any(tmp_path / "labels", pictures)
    assert found["a.png"].boxes.tolist() == [[9.5, 7.0, 29.5, 22.0]]
    (tmp_path / "labels" / "b.txt").write_text("")
    with pytest.raises(DataError, match=r"b\.txt: .* no picture of that name"):
        read_any(tmp_path / "labels", pictures)
