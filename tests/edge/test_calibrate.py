"""`python -m edge.calibrate` as it is typed, and what door and enrolment make of its result."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge import calibrate, enroll, watch
from edge.calibration import section
from edge.calibration.bound import curve_bound, standing
from edge.calibration.recording import read, write
from edge.config import Calibration, load
from edge.gallery import Gallery
from edge.metrics import fpir
from edge.vault import Vault
from tests.edge.calibration.helpers import (
    EMBEDDER,
    LENGTH,
    SCORES,
    SHA,
    calibration,
    enrol,
    person,
    recording,
    site,
)

ROOT = Path(__file__).resolve().parents[2]
TEXT = "# my door\n[inference]\nthreads = 1  # it is small\n\n[log]\nlevel = 'debug'\n"
Place = tuple[Path, Path]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A configuration file, and a state folder with two people of made-up templates."""
    state = enrol(tmp_path / "state", person("Ada", 1), person("Bob", 2))
    config = tmp_path / "c.toml"
    config.write_text(TEXT)
    return config, state


def run(place: Place, *words: object, module: Any = calibrate) -> int:
    config, state = place
    given = [str(word) for word in (*words, "--config", config, "--state", state)]
    return int(module.main(given))


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def refused(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    captured = capsys.readouterr()
    assert captured.out == ""
    error: dict[str, Any] = json.loads(captured.err)["error"]
    return error


def gallery_of(state: Path) -> Gallery:
    with Vault(state, create=False) as vault:
        return Gallery.load(vault, SHA, LENGTH)


def kept(place: Place) -> Calibration:
    found = load(place[0]).calibration
    assert found is not None
    return found


def kinds(state: Path) -> list[str]:
    return [json.loads(x)["kind"] for x in (state / "audit.jsonl").read_text().splitlines()]


def process(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge.calibrate", *map(str, words)],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


# The command --------------------------------------------------------------------------------
def test_as_a_process_it_writes_the_section_and_says_why(place: Place) -> None:
    config, state = place
    done = process("--config", config, "--state", state, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(done.stdout)
    rows = len(gallery_of(state).matrix)
    target = load(config).decision.target_fpir
    bound = curve_bound(EMBEDDER, rows, target)
    made = kept(place)
    assert config.read_text().startswith(TEXT)
    assert made.score_bound == pytest.approx(bound, abs=1e-5) and made.score_bound >= bound
    assert data["written"] == str(config) and data["before"] is None
    assert data["calibration"] == made.model_dump(mode="json")
    assert data["comparisons"] == rows == 8
    assert fpir(data["fmr_per_comparison"], rows) == pytest.approx(target)
    evidence = data["pack_evidence"]
    assert (evidence["impostor_pairs"], evidence["identities"]) == (
        SCORES.impostor_pairs, SCORES.identities,
    )  # fmt: skip
    assert str(SCORES.identities) in made.reason
    assert kinds(state) == ["calibrate"]
    record = json.loads((state / "audit.jsonl").read_text())["data"]
    assert record["score_bound"] == made.score_bound and record["reason"] == made.reason


def test_dry_run_changes_nothing_and_needs_no_file(place: Place) -> None:
    config, state = place
    assert process("--dry-run", "--config", config, "--state", state).returncode == 0
    assert config.read_text() == TEXT and not (state / "audit.jsonl").exists()


def test_in_plain_words(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "--explain", "--dry-run") == 0
    out = capsys.readouterr().out
    for words in ("8 locks side by side", "1 in 1,000", f"{SCORES.identities:,} people", "6 pic"):
        assert words in " ".join(out.split())
    prose = out.split("gallery ")[0]
    for term in ("FPIR", "FMR", "cosine", "embedd", "threshold", "impostor"):
        assert term not in prose


def test_a_target_beyond_the_evidence_is_refused(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    beyond = SCORES.curve[-1].fmr / 2
    assert run(place, "--target", beyond, "--json") == 3
    error = refused(capsys)
    assert error["type"] == "UndemonstratedTarget" and "not demonstrated" in error["message"]
    assert place[0].read_text() == TEXT
    strictest = error["strictest_target"]
    if strictest <= load(place[0]).decision.target_fpir:
        assert run(place, "--target", strictest, "--json") == 0
        assert kept(place).target_fpir == strictest
        assert any("stricter than decision" in w for w in told(capsys)["warnings"])


def test_a_laxer_target_is_an_option_of_the_door(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, "--target", 0.01, "--json") == 2
    assert "change that option" in refused(capsys)["message"]


def test_nobody_enrolled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text(TEXT)
    assert run((config, tmp_path / "none"), "--json") == 5
    assert "enrol someone first" in refused(capsys)["message"]
    Vault(tmp_path / "empty").close()
    assert run((config, tmp_path / "empty"), "--json") == 5
    assert "nobody is enrolled" in refused(capsys)["message"]
    assert run((config, tmp_path / "empty"), "--record", "x", "--scores", tmp_path / "s.csv") == 5
    assert config.read_text() == TEXT and not (tmp_path / "s.csv").exists()


def test_a_read_only_file_is_left_alone_and_nothing_is_on_record(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place[0].chmod(0o444)
    assert run(place, "--json") == 10
    assert "read-only" in refused(capsys)["message"]
    assert place[0].read_text() == TEXT and "calibrate" not in str(list(place[1].iterdir()))


def test_no_file_to_write_into(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run((place[0].with_name("none.toml"), place[1]), "--json") == 78
    assert "no such configuration file" in refused(capsys)["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("--target", "0"),
        ("--target", "nan"),
        ("--target", "lots"),
        ("--record", "x.mp4"),
        ("--scores", "s.json"),
        ("--record", "x.mp4", "--scores", "s.xml"),
        ("--record", "x.mp4", "--scores", "/nowhere/s.csv"),
        ("--record", "x.mp4", "--scores", "s.csv", "--explain"),
        ("--record", "x.mp4", "--scores", "s.csv", "--limit-s", "-1"),
        ("--record", "x.mp4", "--scores", "s.csv", "--impostors", "s.csv"),
        ("--impostors", "s.json", "--forget-impostors"),
        ("--limit-s", "3"),
        ("--one-each",),
        ("--picture", "p.pdf"),
        ("--dry",),
    ],
)
def test_arguments_that_make_no_sense(
    place: Place, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, *words, "--json") == 2
    assert refused(capsys)["type"] == "UsageError"


def test_strangers_raise_it_and_can_be_forgotten(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, state = place
    assert run(place, "--json") == 0
    curve = told(capsys)["calibration"]["score_bound"]
    high = curve + 0.5 * (1 - curve)
    write(tmp_path / "s.csv", recording([0.1, high], gallery_of(state).digest))
    picture = tmp_path / "p.png"
    assert run(place, "--impostors", tmp_path / "s.csv", "--picture", picture, "--json") == 0
    data = told(capsys)
    assert data["basis"] == "raised" and kept(place).score_bound > high
    assert data["before"]["score_bound"] == curve
    assert cv2.imread(str(picture)).shape[1] > 1000
    assert run(place) == 0 and kept(place).score_bound > high
    assert run(place, "--forget-impostors") == 0
    assert kept(place).score_bound == curve and kept(place).site is None
    assert config.read_text().startswith(TEXT) and kinds(state) == ["calibrate"] * 4


def test_scores_of_another_embedder_are_refused(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "s.json", recording([0.1], gallery_of(place[1]).digest, sha="9" * 64))
    assert run(place, "--impostors", tmp_path / "s.json", "--json") == 11
    assert "record again" in refused(capsys)["message"]
    assert place[0].read_text() == TEXT


# People who come and go ---------------------------------------------------------------------
def test_removing_somebody_derives_it_anew_and_says_so(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place) == 0
    two = kept(place).score_bound
    capsys.readouterr()
    assert run(place, "remove", "Bob", "--yes", module=enroll) == 0
    one = kept(place)
    assert one.people == 1 and one.score_bound < two
    assert f"must reach {one.score_bound:.4f} (before {two:.4f})" in capsys.readouterr().out
    assert kinds(place[1]) == ["calibrate", "remove", "calibrate"]
    assert run(place, "remove", "Ada", "--yes", "--json", module=enroll) == 0
    assert told(capsys)["calibration"]["written"] is False
    assert kept(place) == one  # of nobody there is nothing to derive


def test_without_a_calibration_enrolment_leaves_the_file_alone(place: Place) -> None:
    assert run(place, "remove", "Bob", "--yes", module=enroll) == 0
    assert place[0].read_text() == TEXT


def test_where_the_file_cannot_be_written_the_person_is_gone_and_it_is_said(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place) == 0
    before = place[0].read_text()
    place[0].chmod(0o444)
    capsys.readouterr()
    assert run(place, "remove", "Bob", "--yes", module=enroll) == 0
    assert "not derived anew" in capsys.readouterr().err
    assert place[0].read_text() == before and len(gallery_of(place[1])) == 1


KILLED = """
import os, signal, sys
from edge.calibration import apply, section
section.put = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from edge import enroll
enroll.main(sys.argv[1:])
"""


def test_killed_between_gallery_and_file_the_door_is_no_less_strict(place: Place) -> None:
    config, state = place
    assert run(place) == 0
    old = config.read_text()
    words = ["remove", "Bob", "--yes", "--config", str(config), "--state", str(state)]
    done = subprocess.run([sys.executable, "-c", KILLED, *words], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    people, now = gallery_of(state), load(config, state)
    assert people.names == ("Ada",) and config.read_text() == old
    at = standing(EMBEDDER, people, now.decision.target_fpir, now.calibration)
    assert at.calibration == "stale" and at.notes
    assert at.bound is not None and at.curve is not None and at.bound >= at.curve
    assert run(place) == 0  # and the next run makes it whole
    now = load(config, state)
    at = standing(EMBEDDER, people, now.decision.target_fpir, now.calibration)
    assert at.calibration == "fresh" and kept(place).people == 1


# The door, with the real pack and real films ------------------------------------------------
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
