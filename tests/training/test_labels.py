"""Label files: what was written is read back, and what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data as skimage_data

from tests.training.landmarks.faces import placed
from training import labels
from training.errors import DataError
from training.label import PackFinder, finder_of, label, true_points
from training.labels import COLUMNS, FaceLabel
from training.pictures import Pictures


def face(name: str, score: float = 0.9, *, points: bool = True) -> FaceLabel:
    rng = np.random.default_rng(len(name))
    return FaceLabel(
        name,
        np.array([-3.5, 10.25, 50.0, 70.125], np.float32),
        score,
        rng.uniform(0, 60, (5, 2)).astype(np.float32).round(3),
        np.array([-12.5, 3.0, np.nan], np.float32),
        rng.uniform(0, 60, (68, 2)).astype(np.float32).round(3) if points else None,
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    faces = [face("a/1.jpg", 0.5), face("a/1.jpg", 0.75, points=False), face("b, c.jpg")]
    assert labels.write(path, faces) == 3
    found = labels.read(path)
    assert list(found) == ["a/1.jpg", "b, c.jpg"]
    assert [f.score for f in found["a/1.jpg"]] == [0.75, 0.5]  # the surest first
    for want, got in zip(faces, (*found["a/1.jpg"][::-1], *found["b, c.jpg"]), strict=True):
        np.testing.assert_allclose(got.box, want.box)
        np.testing.assert_allclose(got.five, want.five, atol=1e-3)
        np.testing.assert_array_equal(got.pose, want.pose)
        assert (got.points is None) == (want.points is None)
        if want.points is not None and got.points is not None:
            np.testing.assert_allclose(got.points, want.points, atol=1e-3)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.jpg,1,2,3", "4 fields"),
        ("a.jpg,5,5,5,9,1" + "," * 13, "not a box: 5, 5, 5, 9"),
        ("a.jpg,,1,5,9,1" + "," * 13, "not a box"),
        ("a.jpg,0,0,5,9,sure" + "," * 13, "sure"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    labels.write(path, [face("a.jpg")])
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=message) as error:
        labels.read(path)
    assert f"{path}:3" in str(error.value)


def test_another_csv_is_no_label_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("file,x0,y0\n")
    with pytest.raises(DataError, match="not the columns of a label file") as error:
        labels.read(path)
    assert f"{path}:1" in str(error.value)
    with pytest.raises(DataError, match="No such file"):
        labels.read(tmp_path / "none.csv")
    assert len(COLUMNS) == 19 + 136


def test_true_points_come_by_file_name(tmp_path: Path) -> None:
    path = tmp_path / "landmarks.csv"
    numbers = ",".join(str(i) for i in range(136))
    path.write_text(f"file,{','.join(f'x{i},y{i}' for i in range(68))}\na.jpg,{numbers}\n")
    points = true_points(path)
    found = points("a.jpg", np.empty(0), np.empty(0))
    assert found is not None and found[1].tolist() == [2.0, 3.0] and found.shape == (68, 2)
    assert points("b.jpg", np.empty(0), np.empty(0)) is None
    with path.open("a") as file:
        file.write("b.jpg,1,2\n")
    with pytest.raises(DataError, match=r"landmarks\.csv:3: not 68 points"):
        true_points(path)


class OneFace:
    """Finds the same face in every picture."""

    def find(self, image: np.ndarray) -> list[tuple[np.ndarray, float, np.ndarray]]:
        return [(np.array([0, 0, 60, 60], np.float32), 0.9, np.zeros((5, 2), np.float32))]


def test_pose_comes_from_the_points_only_when_asked_for(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((60, 60, 3), np.uint8))
    for turn in (0, 20):
        points = placed((30, 30), 20, np.radians(turn))
        found = [
            next(
                label(Pictures(tmp_path), OneFace(), None, lambda *_, p=points: p, from_points=yes)
            )
            for yes in (True, False)
        ]
        assert found[0].pose[2] == pytest.approx(turn, abs=0.5)
        assert np.isfinite(found[0].pose).all() and np.isnan(found[1].pose).all()
        assert found[0].points is points


def test_any_packs_detector_labels(tmp_path: Path) -> None:
    finder = finder_of(Path("default"), border=0.2)
    assert isinstance(finder, PackFinder)
    image = np.ascontiguousarray(skimage_data.astronaut()[:, :, ::-1])
    (box, score, five), *_ = finder.find(image)
    centre = (box[:2] + box[2:]) / 2
    assert score > 0.6 and np.linalg.norm(centre - [224, 130]) < 40  # in the picture's own pixels
    assert np.isnan(five).all()
    with pytest.raises(DataError, match="no such detector file"):
        finder_of(tmp_path / "none.onnx", 0.0)
