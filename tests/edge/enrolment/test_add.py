"""What `add` stores and says, on real films."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import pytest

from edge import packs
from edge.packs.scores import threshold
from edge.vault import Vault
from tests.edge.enrolment.helpers import kinds, names, refused, run, save_frames, told


def test_a_film_gives_templates_that_are_one_person(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, sheet = tmp_path / "state", tmp_path / "sheet.png"
    film = films / "WolfgangLanger_Pexels.mp4"
    assert run("add", "Wolf", "--source", film, "--state", state, "--json", "--frames", 6,
               "--limit-s", 6, "--sheet", sheet) == 0  # fmt: skip
    data = told(capsys)
    assert data["person"] == "Wolf" and len(data["templates"]) == 6
    assert data["varied"] is True and data["pose_spread"] >= 12
    assert data["lookalike"] is None and data["not_compared"] == []
    assert data["frames"] == 145  # 6 s at 23.976 frames per second, and the first
    bound = threshold(packs.read_manifest(packs.DEFAULT).roles.embedder.head.scores, 1e-4)
    for t in data["templates"]:
        assert t["cosine_to_mean"] > bound and t["size"] >= 48 and 0 <= t["t"] <= 6.1
        assert {"yaw", "pitch", "roll", "quality", "sharpness", "live"} <= t.keys()
    with Vault(state, create=False) as vault:
        stored = vault.person("wolf").templates
    assert [t.yaw for t in stored] == [t["yaw"] for t in data["templates"]]
    assert all(t.source.startswith("WolfgangLanger_Pexels.mp4@") for t in stored)
    assert cv2.imread(str(sheet)).shape[1] == 5 * 230 + 10
    assert kinds(state) == ["enrol"]


def test_no_picture_is_written_unless_asked_for(state: Path) -> None:
    assert sorted(p.name for p in state.iterdir()) == [
        ".audit.jsonl.lock",
        "audit.jsonl",
        "gallery.db",
    ]


def test_little_motion_of_the_head_is_said(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("[enrolment]\npose_spread = 60\n")
    words = ("add", "Ada", "--source", films / "single_face.mp4", "--state", tmp_path / "s")
    assert run(*words, "--config", config) == 0
    assert "little variety of pose" in capsys.readouterr().err


def test_pictures_enrol_and_the_odd_one_out_is_dropped(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_frames(films / "single_face.mp4", tmp_path / "p", 12, 5)
    save_frames(films / "WolfgangLanger_Pexels.mp4", folder, 1, 1)
    assert run("add", "Ada", "--source", folder, "--state", tmp_path / "s", "--json") == 0
    data = told(capsys)
    assert len(data["templates"]) == 5 and data["refused"] == {"consistency": 1}


def test_pictures_of_two_people_are_refused(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_frames(films / "single_face.mp4", tmp_path / "p", 12, 3)
    save_frames(films / "WolfgangLanger_Pexels.mp4", folder, 12, 3)
    assert run("add", "Ada", "--source", folder, "--state", tmp_path / "s", "--json") == 6
    error = refused(capsys)
    assert error["type"] == "EnrolmentRefused" and "do not show one person" in error["message"]
    assert names(tmp_path / "s") == []


def test_a_picture_shown_twice_counts_once(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_frames(films / "single_face.mp4", tmp_path / "p", 1, 1)
    for i in range(3):
        shutil.copy(folder / "single_face-0000.png", folder / f"copy{i}.png")
    assert run("add", "Ada", "--source", folder, "--state", tmp_path / "s", "--json") == 0
    assert len(told(capsys)["templates"]) == 1
