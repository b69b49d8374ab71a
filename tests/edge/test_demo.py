"""The demonstration, as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edge.cameras import open_camera
from edge.demo import films
from edge.errors import CameraError
from edge.vault import FILE_NAME

ROOT = Path(__file__).resolve().parents[2]


def demo(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge.demo", *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.mark.slow
def test_the_person_gets_in_and_neither_a_stranger_nor_a_print(tmp_path: Path) -> None:
    try:
        films.fetch()
    except CameraError as error:
        pytest.skip(f"no films: {error}")
    out = tmp_path / "out"
    done = demo("--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "edge.enroll add sam" in done.stderr
    summary = json.loads((out / "summary.json").read_text())
    assert summary["ok"] and summary["seconds"] < 200
    shown = summary["films"]
    assert shown["person"]["granted"] == ["sam"]
    # No moment is shown that was enrolled.
    assert shown["person"]["seconds"] < summary["enrolled_seconds"][0]
    assert {one["person"] for one in shown["person"]["openings"]} == {"sam"}
    for role in ("stranger", "printed"):
        assert shown[role]["outcome"] == "nobody" and shown[role]["met"]
        assert shown[role]["openings"] == [] and shown[role]["first_grant_s"] is None
    assert shown["stranger"]["recognised_frames"] == 0
    # Refused as a print, and not because it looked like somebody else.
    printed = shown["printed"]
    assert printed["recognised_frames"] >= printed["frames"] / 2
    assert printed["refused_recognised"].keys() & {"passive", "motion"}
    for role, one in shown.items():
        with open_camera(str(out / f"{role}.mp4")) as film:
            frames = 0
            while film.read() is not None:
                frames += 1
        assert frames == one["frames"]
    sheet = cv2.imread(str(out / "demo.png"))
    assert sheet is not None and sheet.shape[1] == 1280
    # Everything in place, and no half file beside it.
    assert sorted(path.name for path in out.iterdir()) == [
        "demo.png", "enrolled.png", "person.mp4", "printed.mp4", "stranger.mp4", "summary.json",
    ]  # fmt: skip


def test_a_gallery_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"somebody's")
    done = demo("--out", tmp_path / "out", "--state", tmp_path, "--json")
    assert done.returncode == 2 and json.loads(done.stderr)["error"]["type"] == "UsageError"
    assert (tmp_path / FILE_NAME).read_bytes() == b"somebody's"
    assert not (tmp_path / "out").exists()


def test_help_names_the_exit_codes() -> None:
    done = demo("--help")
    assert done.returncode == 0 and "examples:" in done.stdout and "    1  " in done.stdout
