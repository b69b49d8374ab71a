"""What two annotators mean by a point: measured, applied, and kept when a picture is mirrored."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.landmarks.faces import LAYOUT, drawn, face, placed
from training import cli, labels
from training.errors import DataError
from training.labels import FaceLabel
from training.landmarks import convention
from training.landmarks.data import sets
from training.landmarks.dataset import mirrored
from training.split import is_validation

RNG = np.random.default_rng(0)
OFFSETS = RNG.normal(0, 0.02, (68, 2)) + [0.03, 0]


def test_offsets_are_measured_in_the_faces_own_axes_and_size() -> None:
    for size, angle in ((30, 0.0), (60, 0.5), (90, -0.4)):
        given = placed((150, 140), size, angle)
        wanted = convention.apply(given, OFFSETS, LAYOUT)
        again = convention.differences(wanted, given, LAYOUT)
        np.testing.assert_allclose(again, OFFSETS, atol=1e-5)


def test_the_lean_is_what_mirroring_does_not_change() -> None:
    assert convention.lean(np.tile([0.03, 0.1], (68, 1)), LAYOUT) == pytest.approx(0.03)
    # Cheeks drawn further out on both sides lean nowhere.
    wide = np.zeros((68, 2))
    wide[:8], wide[9:17] = [-0.05, 0], [0.05, 0]
    assert convention.lean(wide, LAYOUT) == pytest.approx(0)


def test_labels_that_lean_do_so_in_the_mirrored_picture_too() -> None:
    true = placed((80, 80), 40)
    between = float(np.linalg.norm(true[36] - true[45]))
    leaning = true + np.float32([0.03 * between, 0])
    there = mirrored(face("a", leaning), 161, LAYOUT, lean=0.03).points
    assert there is not None
    # The shape is symmetric about the middle of the picture: it is its own mirror image.
    np.testing.assert_allclose(there, leaning, atol=1e-3)


def people(count: int) -> list[str]:
    names = [f"person{i}" for i in range(count)]
    assert 30 <= sum(not is_validation(n) for n in names) < count
    return names


def write_both(folder: Path, names: list[str]) -> tuple[Path, Path]:
    rows, given = ["file," + ",".join(f"x{i},y{i}" for i in range(68))], []
    for name in names:
        points = placed((80, 80), float(RNG.uniform(30, 45)), float(RNG.uniform(-0.3, 0.3)))
        truth = convention.apply(points, OFFSETS, LAYOUT)
        if is_validation(name):
            truth = truth + 5  # held-back people must not count
        rows.append(f"{name}_01.png," + ",".join(f"{v:.3f}" for v in truth.ravel()))
        five = LAYOUT.five_of(points)
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
        unknown = np.full(3, np.nan, np.float32)
        given.append(FaceLabel(f"{name}_01.png", box, 0.9, five, unknown, points))
    (folder / "truth.csv").write_text("\n".join(rows) + "\n")
    labels.write(folder / "given.csv", given)
    return folder / "truth.csv", folder / "given.csv"


def test_the_command_measures_what_sets_then_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, given = write_both(tmp_path, people(45))
    out = tmp_path / "offsets.csv"
    words = ["command", "--truth", str(truth), "--labels", str(given), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    assert cli.run(convention.main) == 0
    assert "lean" in capsys.readouterr().err
    measured = convention.read(out, LAYOUT)
    np.testing.assert_allclose(measured, OFFSETS, atol=1e-3)

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    points = placed((80, 80), 35)
    cv2.imwrite(str(pictures / "a.png"), drawn(points))
    label = FaceLabel(
        "a.png",
        np.array([40, 40, 120, 125], np.float32),
        0.9,
        LAYOUT.five_of(points),
        np.zeros(3, np.float32),
        points,
    )
    labels.write(tmp_path / "a.csv", [label])
    set_words = ["labels", str(pictures), f"labels={tmp_path / 'a.csv'}", f"convention={out}"]
    faces, _ = sets.read_set(set_words, LAYOUT)
    wanted = convention.apply(points, measured, LAYOUT)
    found = faces.faces[0].points
    assert found is not None
    np.testing.assert_allclose(found, wanted, atol=0.02)


def test_too_few_common_faces_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, given = write_both(tmp_path, ["one", "two"])
    words = ["command", "--truth", str(truth), "--labels", str(given), "--out", str(tmp_path / "o")]
    monkeypatch.setattr(sys, "argv", words)
    assert cli.run(convention.main) == DataError.exit_code
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "offsets.csv:1: not the header"),
        ("point,dx,dy\n0,0.1\n", "offsets.csv:2: not point"),
        ("point,dx,dy\n1,0.1,0.1\n", "offsets.csv:2: point 1 is out of order"),
        ("point,dx,dy\n0,0.1,0.1\n", "1 points, not the 68"),
    ],
)
def test_a_malformed_file_names_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "offsets.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        convention.read(path, LAYOUT)
