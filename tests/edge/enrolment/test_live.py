"""Live cameras, and enrolments that are cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edge.cameras import Camera
from edge.cameras.film import Film
from edge.enrolment import read
from edge.enrolment.look import moved
from tests.edge.enrolment.helpers import names, run, told

ROOT = Path(__file__).resolve().parents[3]


class LiveFilm(Film):
    """A film that behaves as a camera would."""

    live = True


def as_camera(monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    def opened(uri: str, **_: object) -> Camera:
        return LiveFilm(uri, film)

    monkeypatch.setattr(read, "open_camera", opened)


def test_a_camera_is_let_go_of_when_there_is_enough(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    as_camera(monkeypatch, films / "WolfgangLanger_Pexels.mp4")
    config = tmp_path / "c.toml"  # she turns her head little
    config.write_text("[enrolment]\npose_spread = 5\n")
    monkeypatch.setattr("edge.enrolment.hints.TURN", 1.0)
    monkeypatch.setattr("edge.enrolment.hints.NOD", 1.0)
    assert run("add", "W", "--source", "v4l2:///dev/video0", "--state", tmp_path / "s",
               "--config", config, "--json") == 0  # fmt: skip
    data = told(capsys)
    assert len(data["templates"]) == 5 and data["frames"] < 472  # before the film ends


def test_a_camera_is_looked_at_no_longer_than_asked_for(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    as_camera(monkeypatch, films / "single_face.mp4")
    assert run("add", "Ada", "--source", "v4l2:///dev/video0", "--state", tmp_path / "s",
               "--timeout", "1.5", "--json") == 0  # fmt: skip
    assert told(capsys)["frames"] == 46  # 1.5 s at 30 frames per second, and the first


def test_whoever_is_looked_at_is_told_what_to_do(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add", "Ada", "--source", films / "face_noface.mov", "--state", tmp_path / "s")
    err = capsys.readouterr().err
    assert "turn a little" in err and "no face: step in front of the camera" in err


def started(*words: object) -> subprocess.Popen[str]:
    """The command in a process of its own, once it has begun to look at frames."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "edge.enroll", *map(str, words)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A test run started in the background ignores Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    assert " of 5 " in process.stderr.readline()
    return process


def test_killed_in_the_middle_leaves_the_gallery_as_it_was(films: Path, state: Path) -> None:
    before = (state / "gallery.db").read_bytes()
    film = films / "WolfgangLanger_Pexels.mp4"
    process = started("add", "Wolf", "--source", film, "--state", state)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    process.communicate()
    assert names(state) == ["Ada"]
    assert (state / "gallery.db").read_bytes() == before
    assert run("list", "--state", state) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_stores_nothing(
    number: signal.Signals, code: int, films: Path, state: Path
) -> None:
    film = films / "WolfgangLanger_Pexels.mp4"
    process = started("add", "Wolf", "--source", film, "--state", state)
    time.sleep(0.2)
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == code
    assert "Traceback" not in err and "nothing was stored" in err
    assert names(state) == ["Ada"]


def test_help_has_examples_and_exit_codes() -> None:
    for verb in ((), ("add",)):
        done = subprocess.run(
            [sys.executable, "-m", "edge.enroll", *verb, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0
        assert "examples:" in done.stdout and "130  interrupted" in done.stdout
    assert "No picture is stored" in done.stdout


def test_a_quarter_of_the_readings_must_show_motion_and_one_is_not_enough() -> None:
    still = [0.1] * 20
    assert not moved(still, 1.0)
    assert not moved([*still, 50.0], 1.0)
    assert moved([*still, *[1.2] * 10], 1.0)
