"""Films and pictures that must not become templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge import packs
from edge.cameras import open_camera
from edge.gallery import Template
from edge.packs.scores import threshold
from edge.vault import Vault
from tests.edge.enrolment.helpers import names, refused, run, told


def dark(image: Any) -> Any:
    return (image * 0.12).astype(np.uint8)


def blurred(image: Any) -> Any:
    return cv2.GaussianBlur(image, (0, 0), 12)


def small(image: Any) -> Any:
    canvas = np.full_like(image, 120)
    tiny = cv2.resize(image, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    canvas[100 : 100 + tiny.shape[0], 250 : 250 + tiny.shape[1]] = tiny
    return canvas


@pytest.mark.parametrize(
    ("change", "gate"), [(dark, "exposure"), (blurred, "sharpness"), (small, "size")]
)
def test_a_film_that_will_not_do_is_refused_with_its_gate(
    change: Any, gate: str, films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "film.avi"
    with open_camera(str(films / "single_face.mp4")) as camera:
        first = camera.read()
        assert first is not None
        size = first.image.shape[1], first.image.shape[0]
        writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 30, size)
        for _ in range(20):
            frame = camera.read()
            assert frame is not None
            writer.write(change(frame.image))
        writer.release()
    assert run("add", "Ada", "--source", film, "--state", tmp_path / "s", "--json") == 6
    error = refused(capsys)
    assert error["type"] == "EnrolmentRefused" and error["exit_code"] == 6
    assert error["frames"] == 20
    # A detector may not see such a face at all; then the first gate says so.
    seen = error["refused"].get(gate, 0) + error["refused"].get("one_face", 0)
    assert seen >= 18, error
    assert names(tmp_path / "s") == []


def test_two_faces_are_refused(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = films / "multi_face.jpg"
    assert run("add", "Ada", "--source", source, "--state", tmp_path / "s") == 6
    assert "two faces" in capsys.readouterr().err


def test_a_still_film_of_a_picture_is_refused(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "still.avi"
    with open_camera(str(films / "single_face.mp4")) as camera:
        frame = camera.read()
    assert frame is not None
    size = frame.image.shape[1], frame.image.shape[0]
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 30, size)
    noise = np.random.default_rng(0)
    for _ in range(75):
        grain = noise.normal(0, 2, frame.image.shape)
        writer.write(np.clip(frame.image + grain, 0, 255).astype(np.uint8))
    writer.release()
    assert run("add", "Ada", "--source", film, "--state", tmp_path / "s", "--json") == 6
    error = refused(capsys)
    assert error["refused"]["motion"] >= 10 and "Film for three seconds" in error["message"]


def test_a_name_that_is_taken_is_refused_before_the_camera_is_opened(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add", "ADA", "--source", "no-such.mp4", "--state", state, "--json") == 5
    assert refused(capsys)["type"] == "PersonExists"


def test_more_templates_go_to_the_same_person_only(
    films: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--state", state, "--json", "--add-templates", "--limit-s", 3)
    assert run("add", "Ada", "--source", films / "face_noface.mov", *more) == 0
    told(capsys)
    assert run("show", "Ada", "--state", state, "--json") == 0
    assert len(told(capsys)["templates"]) == 10
    assert run("add", "Ada", "--source", films / "WolfgangLanger_Pexels.mp4", *more) == 6
    assert "do not look like 'Ada'" in refused(capsys)["message"]
    assert run("add", "Bob", "--source", "x.mp4", *more) == 5
    assert refused(capsys)["type"] == "PersonNotFound"


def test_replacing_leaves_only_the_new(
    films: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = films / "single_face.jpg"
    assert run("add", "ada", "--source", source, "--state", state, "--replace", "--json") == 0
    with Vault(state, create=False) as vault:
        assert [t.source for t in vault.person("Ada").templates] == ["single_face.jpg"]


def test_one_face_has_one_name(
    films: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ("--source", films / "face_noface.mov", "--state", state, "--json", "--limit-s", 3)
    assert run("add", "Bob", *again) == 6
    error = refused(capsys)
    assert error["type"] == "AlreadyEnrolled" and error["person"] == "Ada"
    assert error["score"] >= error["bound"]
    assert names(state) == ["Ada"]
    assert run("add", "Bob", *again, "--force-lookalike") == 0
    assert told(capsys)["lookalike"]["person"] == "Ada"
    assert names(state) == ["Ada", "Bob"]
    last = json.loads((state / "audit.jsonl").read_text().splitlines()[-1])
    assert last["kind"] == "enrol" and last["data"]["forced"] is True


def test_a_look_alike_is_enrolled_with_a_warning(
    films: Path, ada: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Someone enrolled whose template lies between the two bounds, as far as Ada's can see."""
    with Vault(ada, create=False) as vault:
        mine = vault.person("Ada").templates
    unit = np.stack([t.vector / np.linalg.norm(t.vector) for t in mine]).astype(np.float64)
    mean = unit.mean(axis=0) / np.linalg.norm(unit.mean(axis=0))
    other = np.random.default_rng(5).standard_normal(mean.size)
    other -= unit.T @ np.linalg.lstsq(unit.T, other, rcond=None)[0]
    other /= np.linalg.norm(other)
    scores = packs.read_manifest(packs.DEFAULT).roles.embedder.head.scores
    wanted = (threshold(scores, 5e-4) + threshold(scores, 5e-3)) / 2  # 2 rows at 1e-3 and 1e-2
    part = wanted / float(np.median(unit @ mean))
    vector = (part * mean + np.sqrt(1 - part**2) * other).astype(np.float32)
    state = tmp_path / "s"
    with Vault(state) as vault:
        vault.add("Twin", [Template(vector, mine[0].embedder_sha256, 0, 0, 0, 0, 1, "made")])
    source = ("--source", films / "single_face.mp4", "--state", state)
    assert run("add", "Ada", *source, "--json") == 0
    alike = told(capsys)["lookalike"]
    assert alike["person"] == "Twin"
    assert alike["warn_from"] <= alike["score"] < alike["bound"]
    assert alike["score"] == pytest.approx(wanted, abs=1e-3)
    assert run("add", "Ada", *source, "--replace") == 0
    assert "Ada resembles Twin" in capsys.readouterr().err


def test_templates_of_another_pack_are_told_and_not_compared(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "s"
    with Vault(state) as vault:
        vault.add("Old", [Template(np.ones(128, np.float32), "ab" * 32, 0, 0, 0, 0, 1, "old")])
    film = films / "single_face.mp4"
    assert run("add", "Ada", "--source", film, "--state", state, "--json") == 0
    assert told(capsys)["not_compared"] == ["Old"]
    assert run("list", "--state", state, "--json") == 0
    assert [p["fits_pack"] for p in told(capsys)["people"]] == [True, False]
    assert run("add", "Old", "--source", film, "--state", state, "--add-templates") == 6
