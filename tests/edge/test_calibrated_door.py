"""What door and enrolment make of a calibration: the real pack, and real films."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import cv2
import pytest

from edge import enroll, watch
from edge.calibration import section
from edge.calibration.bound import standing
from edge.calibration.recording import read
from edge.config import load
from tests.edge.calibration.command import ROOT, TEXT, Place, gallery_of, kept, run
from tests.edge.calibration.helpers import EMBEDDER, SHA, calibration, site
from tests.edge.enrolment.helpers import refused, told


@pytest.fixture(scope="session")
def enrolled(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder where Ada is enrolled from a film."""
    state = tmp_path_factory.mktemp("calibrate") / "state"
    film = str(films / "single_face.mp4")
    assert enroll.main(["add", "Ada", "--source", film, "--state", str(state)]) == 0
    return state


@pytest.fixture
def door(enrolled: Path, tmp_path: Path) -> Place:
    config = tmp_path / "c.toml"
    config.write_text(TEXT)
    return config, Path(shutil.copytree(enrolled, tmp_path / "state"))


@pytest.mark.slow
def test_the_door_goes_by_what_is_written(
    door: Place, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, state = door
    film = films / "face_noface.mov"
    words = (film, "--expect", "Ada", "--limit-s", 1.5, "--json")
    assert run(door) == 0
    capsys.readouterr()
    assert run(door, *words, module=watch) == 0
    assert told(capsys)["calibration"] == "fresh"
    people, target = gallery_of(state), load(config).decision.target_fpir
    section.put(config, calibration(people, 0.99999, target))
    assert run(door, *words, module=watch) == 1  # a stricter bound than Ada's face reaches
    capsys.readouterr()
    # of another gallery: still as strict, and said
    section.put(config, calibration(people, 0.99999, target, gallery_sha256="1" * 64))
    assert run(door, *words[:-1], module=watch) == 1
    assert "calibration is stale" in capsys.readouterr().err
    # a laxer one that nothing demonstrates opens for nobody more than the curve does
    section.put(config, calibration(people, -1.0, target, site=site(people, strangers=1)))
    stranger = films / "WolfgangLanger_Pexels.mp4"
    assert run(door, stranger, "--expect", "nobody", "--limit-s", 2, module=watch) == 0
    assert "no strangers demonstrate it" in capsys.readouterr().err
    # of another embedder: locked, and said
    section.put(config, calibration(people, 0.2, target, embedder_sha256="2" * 64))
    assert run(door, *words, module=watch) == 78
    assert refused(capsys)["type"] == "StaleCalibration"
    daemon = subprocess.run(
        [sys.executable, "-m", "edge.daemon", "--config", config, "--state", state],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert daemon.returncode == 78 and "door locked" in daemon.stderr
    assert "python -m edge.calibrate" in daemon.stderr
    assert run(door) == 0  # which is the way out
    capsys.readouterr()
    assert run(door, *words, module=watch) == 0


def test_the_daemon_starts_with_a_stale_one_and_says_so(door: Place, films: Path) -> None:
    config, state = door
    people, target = gallery_of(state), load(config).decision.target_fpir
    film = films / "face_noface.mov"
    config.write_text(f'{TEXT}[camera]\nuri = "{film}"\n')
    section.put(config, calibration(people, 0.99999, target, gallery_sha256="1" * 64))
    daemon = subprocess.Popen(
        [sys.executable, "-m", "edge.daemon", "--config", config, "--state", state],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert daemon.stderr is not None
        lines = list(takewhile(lambda line: "INFO ready" not in line, daemon.stderr))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
    finally:
        daemon.kill()
        daemon.wait()
    (bound,) = [line for line in lines if "INFO bound" in line]
    assert "score_bound=0.99999" in bound and "calibration=stale" in bound
    assert any("WARNING calibration stale, run `python -m edge.cal" in line for line in lines)


def test_enrolling_with_another_packs_calibration_is_the_way_out_too(
    door: Place, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, state = door
    people, target = gallery_of(state), load(config).decision.target_fpir
    old = calibration(people, 0.9999, target, embedder_sha256="2" * 64, site=site(people))
    section.put(config, old)
    film = films / "WolfgangLanger_Pexels.mp4"
    words = ("add", "Wolf", "--source", film, "--limit-s", 5, "--json")
    assert run(door, *words, module=enroll) == 0
    told_of = told(capsys)["calibration"]
    assert told_of["written"] and told_of["basis"] == "curve"
    assert "another embedder" in told_of["dropped"][0]
    made = kept(door)
    assert made.embedder_sha256 == SHA and made.people == 2 and made.site is None
    assert standing(EMBEDDER, gallery_of(state), target, made).calibration == "fresh"


def test_a_film_of_a_stranger_is_recorded_and_taken_into_account(
    door: Place, films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, film = tmp_path / "s.json", films / "WolfgangLanger_Pexels.mp4"
    words = ("--record", film, film, "--limit-s", 2, "--scores", scores, "--json")
    assert run(door, *words) == 0
    data = told(capsys)
    made = read(scores, SHA)
    assert made.gallery_sha256 == gallery_of(door[1]).digest
    assert len(made.tracks) == data["tracks"] >= 2 and made.strangers == data["people"] == 1
    assert max(made.best) == data["highest"]["score"] < 1 and data["admitted"] == []
    assert not {"embedding", "name", "Ada"} & set(scores.read_text().split('"'))
    assert run(door, *words[:-1], "--one-each") == 0
    assert read(scores, SHA).strangers == 2
    assert place_unchanged(door)
    assert run(door, "--impostors", scores) == 0
    assert kept(door).site is not None


def place_unchanged(door: Place) -> bool:
    return door[0].read_text() == TEXT


def test_somebody_enrolled_in_a_recording_of_strangers_is_noticed(
    door: Place, films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = tmp_path / "s.csv"
    assert run(door, "--record", films / "single_face.mp4", "--scores", scores) == 0
    assert "would have let this face in as Ada" in capsys.readouterr().err
    assert run(door, "--impostors", scores, "--json") == 11
    assert "somebody enrolled" in refused(capsys)["message"]
    assert place_unchanged(door)


def test_a_film_without_a_face_records_nothing(
    door: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, scores = tmp_path / "grey.png", tmp_path / "s.csv"
    cv2.imwrite(str(picture), cv2.UMat(120, 160, cv2.CV_8UC3, (90, 90, 90)).get())
    assert run(door, "--record", picture, "--scores", scores, "--json") == 11
    assert "no face could be compared" in refused(capsys)["message"]
    assert run(door, "--record", tmp_path / "none.mp4", "--scores", scores) == 4
    assert not scores.exists()
