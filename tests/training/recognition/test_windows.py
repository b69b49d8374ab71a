"""The command on the films of six people, with the default pack."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge import packs
from edge.cameras import open_camera
from edge.config import Config
from edge.pipeline import Pipeline
from training import cli
from training.recognition import __main__ as recognition
from training.recognition.door.films import Listed, look_at
from training.recognition.door.trials import enrol, plan, play

SHARED = Path(__file__).resolve().parents[4] / "shared"


@pytest.fixture(scope="module")
def clips() -> Path:
    folder = SHARED / "data" / "clips"
    if not (folder / "people.csv").exists():
        pytest.skip("no ../shared/data/clips beside the checkout")
    return folder


def run(*words: object) -> int:
    return cli.run(lambda: recognition.main(["windows", *map(str, words)]))


@pytest.fixture(scope="module")
def report(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("windows") / "report"
    words = ("--films", clips, "--people", clips / "people.csv")
    assert run(*words, "--step-s", "0.5", "--report", folder) == 0
    return folder


@pytest.fixture(scope="module")
def figures(report: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((report / "windows.json").read_text())
    return data


@pytest.mark.shared
@pytest.mark.slow
def test_nobody_is_let_in_for_somebody_else(
    figures: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    claims = figures["claims"]
    assert claims["never_wrong"]
    assert claims["wrong_windows"] == 0 and claims["wrong_films"] == 0
    assert claims["windows"] > 100  # and it was tried
    share = claims["right_share"]
    with capsys.disabled():
        print(f"\nright person admitted in {share['hits']} of {share['trials']} windows")
    assert claims["right_share_met"]  # a door that never opens would never be wrong
    assert not claims["right_share_demonstrated"]  # by so few people


@pytest.mark.shared
@pytest.mark.slow
def test_the_parts_of_the_report_agree(figures: dict[str, Any]) -> None:
    mated = [t for t in figures["trials"] if t["right"] is not None]
    strangers = [t for t in figures["trials"] if t["right"] is None]
    told = figures["enrolled_people"]
    assert not figures["refused"]
    assert sum(t["windows"] for t in mated) == told["windows"]
    assert sum(t["admitted"] for t in mated) == told["admitted"]["hits"]
    assert sum(t["windows"] for t in strangers) == figures["strangers"]["windows"]
    missed = told["admitted"]["trials"] - told["admitted"]["hits"]
    assert sum(told["reasons"].values()) == missed
    readings = {(r["start"], r["usable"]): r for r in figures["readings"]}
    assert readings["afresh", 0.0]["admitted"] == told["admitted"]
    for usable in (0.0, 0.5, 1.0):
        afresh, ongoing = readings["afresh", usable], readings["ongoing", usable]
        assert afresh["qualifying"] == ongoing["qualifying"]
    assert readings["ongoing", 0.5]["admitted"] == figures["claims"]["right_share"]
    assert {t["person"] for t in mated} == {"a", "b", "c", "d"}
    assert {t["person"] for t in strangers} == set("abcdef")
    for t in mated:
        assert t["film"] != t["enrolled_from"][t["person"]]
        assert t["admitted"] <= t["recognised"] <= t["qualifying"] <= t["windows"]
    for t in strangers:
        assert t["person"] not in t["enrolled_from"]
    assert figures["single_frames"]["people"] == 6


@pytest.mark.shared
@pytest.mark.slow
def test_the_report_is_for_eyes_and_machines(report: Path, figures: dict[str, Any]) -> None:
    picture = cv2.imread(str(report / "windows.png"))
    assert picture is not None and len(np.unique(picture)) > 50
    assert "| film |" in (report / "windows.md").read_text()
    with (report / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    lengths = {f["film"]: f["frames"] for f in figures["films"]}
    assert len(rows) == sum(lengths[t["film"]] for t in figures["trials"])
    for row in rows:
        assert bool(row["grant"]) == (not row["failed"])


@pytest.mark.shared
def test_a_replayed_film_is_decided_as_the_door_decides_it(clips: Path) -> None:
    """Kept observations through `judge` give the decisions that frames through `step` give."""
    pack, config = packs.load(), Config()
    listed = [Listed(clips / name, name[0]) for name in ("milk.mkv", "please.mkv", "hungry.mkv")]
    listed[0], listed[1] = Listed(listed[0].path, "b"), Listed(listed[1].path, "b")
    seen: list[str] = []
    films = look_at(pack, config, listed, seen.append)
    assert len(seen) == sum(len(f.observations) for f in films)
    trial = plan(pack, films, [enrol(pack, config, f, 3) for f in films[1:]])[0]
    assert (trial.probe.name, trial.right) == ("milk.mkv", "b")
    played = play(pack, config, trial, window_s=1.0, step_s=0.5)
    pipeline = Pipeline(pack, trial.gallery, config)
    with open_camera(str(listed[0].path)) as camera:
        steps = [pipeline.step(frame) for frame in iter(camera.read, None)]
    assert [f.failed for f in played.frames] == [s.decision.failed for s in steps]
    assert [f.grant for f in played.frames] == [s.decision.person for s in steps]
    assert any(f.grant == "b" for f in played.frames)
    assert all(set(s.stage_ms) >= {"detect", "embed", "decide"} for s in steps)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--window-s", "0"), 2, "--window-s 0"),
        (("--step-s", "nan"), 2, "--step-s nan"),
        (("--templates", "0"), 2, "--templates 0"),
        (("--picture", "nowhere/door.png"), 10, "no folder"),
        ((), 3, "people.csv"),
    ],
)
def test_wrong_arguments_are_told_before_any_film_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("--films", ".", "--people", "people.csv", *words) == code
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("x.mkv", "y.mkv"):
        (tmp_path / name).write_bytes(b"no film")
    (tmp_path / "people.csv").write_text("clip,person\nx.mkv,a\ny.mkv,b\n")
    out = tmp_path / "door.md"
    words = ("--films", tmp_path, "--people", tmp_path / "people.csv", "--markdown", out)
    assert run(*words) != 0
    assert "x.mkv" in capsys.readouterr().err
    assert not out.exists()
