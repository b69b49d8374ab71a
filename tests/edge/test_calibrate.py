"""`python -m edge.calibrate` as it is typed, and what it leaves on disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edge import enroll
from edge.calibration.bound import curve_bound, standing
from edge.calibration.recording import write
from edge.config import load
from edge.metrics import fpir
from edge.vault import Vault
from tests.edge.calibration.command import ROOT, TEXT, Place, gallery_of, kept, process, run
from tests.edge.calibration.helpers import EMBEDDER, SCORES, enrol, person, recording
from tests.edge.enrolment.helpers import kinds, refused, told


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A configuration file, and a state folder with two people of made-up templates."""
    state = enrol(tmp_path / "state", person("Ada", 1), person("Bob", 2))
    config = tmp_path / "c.toml"
    config.write_text(TEXT)
    return config, state


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
