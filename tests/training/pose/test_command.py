"""`python -m training.pose`: trains on a JSON of angles, measures, reads, and says what is wrong.

The landmark command shares its verbs, so both are tried here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.training.landmarks.faces import folder_of_faces
from training import cli
from training.landmarks.__main__ import main as landmarks
from training.pose.__main__ import main as pose


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command's body as `python -m` does, in this process."""

    def call(main: Callable[[], int], *words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["command", *words])
        try:
            code = cli.run(main)
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return call


def euler_set(folder: Path, count: int) -> list[str]:
    pictures = folder / "pictures"
    pictures.mkdir()
    faces = folder_of_faces(pictures, count)
    entries = [
        {
            "file": f.picture,
            "person": f"person {i}",
            "bbox": f.box.tolist(),
            "euler_angle": f.pose.tolist(),
        }
        for i, f in enumerate(faces.faces)
    ]
    (folder / "pose.json").write_text(json.dumps(entries))
    return ["--set", "euler", str(pictures), f"json={folder / 'pose.json'}"]


def test_pose_is_trained_measured_and_read(run: Callable[..., Done], tmp_path: Path) -> None:
    data = euler_set(tmp_path, 40)
    out = tmp_path / "run"
    small = ["--widths", "16,8,16,24", "--blocks", "1,1,1", "--epochs", "2", "--batch", "8"]
    done = run(pose, "train", *data, *small, "--workers", "0", "--out", str(out))
    assert done.code == 0, done.err
    said = json.loads(done.out.splitlines()[-1])
    assert Path(said["checkpoint"]).is_file() and said["steps"] > 2

    best = str(out / "best.ckpt")
    done = run(pose, "evaluate", best, *data, "--part", "all", "--json")
    assert done.code == 0, done.err
    figures = json.loads(done.out)["label's box"]
    assert figures["faces"] == 40
    assert figures["pose"]["count"] == 40 and figures["pose"]["mae"] < 60
    assert "points" not in figures

    pictures = str(tmp_path / "pictures")
    done = run(pose, "predict", best, pictures, "--json", "--sheets", str(tmp_path))
    assert done.code == 0, done.err
    entries = [json.loads(line) for line in done.out.splitlines()]
    assert len(entries) == 40 and entries[0]["file"] == "face_000.png"
    assert (tmp_path / "face_000.png.png").is_file()


@pytest.mark.parametrize(
    ("main", "layout"), [(landmarks, "list_98pt_rect_attr_train.txt"), (pose, "300W_LP")]
)
def test_help_shows_a_public_sets_layout(
    run: Callable[..., Done], main: Callable[[], int], layout: str
) -> None:
    done = run(main, "train", "--help")
    assert done.code == 0
    assert layout in done.out and "exit codes" in done.out


def test_wrong_input_ends_with_its_code_and_its_place(
    run: Callable[..., Done], tmp_path: Path
) -> None:
    done = run(landmarks, "evaluate", str(tmp_path / "none.ckpt"))
    assert done.code == 3 and "none.ckpt" in done.err
    done = run(landmarks, "train", "--out", str(tmp_path), "--set", "wflw")
    assert done.code == 2 and "KIND PICTURES" in done.err
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    folder_of_faces(pictures, 1)
    listed = tmp_path / "list.txt"
    listed.write_text("1 2 3 a.jpg\n")
    words = ["--out", str(tmp_path), "--set", "wflw", str(pictures), f"list={listed}"]
    done = run(landmarks, "train", *words)
    assert done.code == 3 and "list.txt:1: 4 fields" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jitter", "refit=2"], "are shares, at most 1"),
        (["--jitter", "speed=2"], "NAME of scale, shift"),
        (["--weight", "points=-1"], "NAME of points"),
        (["--weight", "points"], "could not convert"),
        (["--heads", "points,ears"], "not some of points"),
        (["--heads", "confidence"], "judges the points"),
        (["--widths", "8,8,16,24"], "the first must be at least 16"),
        (["--blocks", "1,1"], "3 numbers above 0"),
        (["--lean", "2"], "--lean within 0.2"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    run: Callable[..., Done], tmp_path: Path, words: list[str], message: str
) -> None:
    data = euler_set(tmp_path, 12)
    done = run(landmarks, "train", *data, *words, "--out", str(tmp_path / "run"))
    assert done.code == 2 and message in done.err, done.err
