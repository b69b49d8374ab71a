"""The command on films of people, with the default pack and simulated attacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training import cli
from training.liveness import __main__ as liveness

SHARED = Path(__file__).resolve().parents[5] / "shared"


def run(*words: object) -> int:
    return cli.run(lambda: liveness.main(["door", *map(str, words)]))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two people on three films."""
    clips = SHARED / "data" / "clips"
    if not (clips / "people.csv").exists():
        pytest.skip("no ../shared/data/clips beside the checkout")
    lines = ["clip,person"]
    for name, person in (("yes", "a"), ("again", "a"), ("eat", "d")):
        (tmp_path / f"{name}.mkv").symlink_to(clips / f"{name}.mkv")
        lines.append(f"{name}.mkv,{person}")
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.shared
@pytest.mark.slow
def test_living_films_pass_and_a_print_does_not(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    words = ("--films", people, "--instruments", "print", "--seconds", 1.1, "--report", out)
    assert run(*words, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told == json.loads((out / "door.json").read_text())
    films = {f["film"]: f for f in told["living_films"]}
    assert films["yes.mkv"]["enrolled_from"] == "again.mkv"
    assert films["eat.mkv"]["enrolled_from"] == "eat.mkv"  # there is no other
    assert films["yes.mkv"]["live"] and films["yes.mkv"]["granted"] == ["a"]
    living = told["living"]["films"]
    assert living["trials"] == 3 and living["wrong_person"] == 0
    assert living["refused_whole"]["trials"] == 2  # of those enrolled from another film
    assert told["simulated"] and len(told["attack_films"]) == 3
    told_print = told["attacks"]["print"]
    assert told_print["films"]["iapar"]["count"] == 0
    assert told_print["windows"]["trials"] >= 3
    assert all(f["parameters"] for f in told["attack_films"])
    page = (out / "report.html").read_text()
    assert "SIMULATED" in page and (out / "gates.png").stat().st_size > 1000


@pytest.mark.shared
def test_living_films_alone(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--films", people, "--people", "d", "--attacks", 0) == 0
    out = capsys.readouterr().out
    assert "Living faces" in out and "APCER" not in out and "SIMULATED" not in out


@pytest.mark.shared
def test_living_films_are_taken_again_by_the_cameras_of_attacks(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--films", people, "--people", "a", "--attacks", 0, "--cameras", 2, "--seconds", 3.5)
    assert run(*words, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    plain, taken = told["living"]["films"], told["living_taken"]["films"]
    assert plain["trials"] == 2 and taken["trials"] == 4
    assert taken["wrong_person"] == 0 and plain["refused_whole"]["trials"] == 2
    # Films of 2.2 and 2.6 seconds are made longer: as they are they have 12 windows of a second.
    assert told["living"]["windows"]["trials"] == 12
    assert told["living_taken"]["windows"]["trials"] == 40  # ten each
    assert told["living_taken"] != told["living"] and not told["simulated"]
    assert run(*words) == 0
    out = capsys.readouterr().out
    assert "nothing of other people" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--attacks", "-1"), "at least 0"),
        (("--cameras", "-1"), "at least 0"),
        (("--coded", "1.5"), "share of 0 to 1"),
        (("--coded", "nan"), "share of 0 to 1"),
        (("--fps", "0"), "frames a second"),
        (("--seconds", "inf"), "seconds above 0"),
        (("--window-s", "0"), "seconds above 0"),
        (("--workers", "-1"), "at least 0"),
    ],
)
def test_bad_numbers_are_named(
    tmp_path: Path, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--films", tmp_path, *words) == 2
    assert why in capsys.readouterr().err


def test_films_people_and_instruments_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--films", tmp_path) == 3
    assert "people.csv" in capsys.readouterr().err
    (tmp_path / "a.mkv").touch()
    (tmp_path / "b.mkv").touch()
    (tmp_path / "people.csv").write_text("clip,person\na.mkv,a\nb.mkv,b\n")
    assert run("--films", tmp_path, "--people", "x") == 2
    assert "--people x" in capsys.readouterr().err
    assert run("--films", tmp_path, "--instruments", "hologram") == 2
    assert "hologram" in capsys.readouterr().err
    assert run("--films", tmp_path) == 4  # they are no films
    assert "a.mkv" in capsys.readouterr().err
