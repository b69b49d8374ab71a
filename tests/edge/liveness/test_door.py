"""The whole door: a film that opens it does not answer a challenge, and cannot stand still."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge import enroll, watch


@pytest.fixture(scope="module")
def state(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder where Ada is enrolled."""
    place = tmp_path_factory.mktemp("liveness") / "state"
    film = str(films / "single_face.mp4")
    assert enroll.main(["add", "Ada", "--source", film, "--state", str(place)]) == 0
    return place


def watched(film: Path, state: Path, options: str, out: Path) -> list[dict[str, Any]]:
    config, lines = out / "face-gate.toml", out / "frames.jsonl"
    config.write_text(f"[liveness]\n{options}\n")
    words = [film, "--state", state, "--config", config, "--jsonl", lines]
    assert watch.main([str(w) for w in words]) == 0
    return [json.loads(line) for line in lines.read_text().splitlines()]


@pytest.mark.parametrize(
    "options",
    ['require = ["passive", "motion", "challenge"]', 'challenge_hours = ["mon 12:00-12:01"]'],
)
def test_a_film_of_an_enrolled_person_does_not_answer(
    films: Path, state: Path, tmp_path: Path, options: str
) -> None:
    """The same film is let in without a challenge. A film has no time of day: any may be such."""
    film = films / "face_noface.mov"
    plain = watched(film, state, "challenge_hours = []", tmp_path)
    assert any(f["decision"] == "grant" for f in plain)
    assert all(f["prompt"] is None and "challenge" not in f["gates"] for f in plain)
    asked = watched(film, state, options, tmp_path)
    assert all(f["person"] is None for f in asked)
    assert any(f["prompt"] not in (None, "look at the door") for f in asked)
    assert not any(f["gates"]["challenge"]["passed"] for f in asked)
