"""A film watched as the door would see it: what is written, what is said, what is left behind."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge import enroll, watch
from edge.cameras import open_camera
from edge.config import Lock
from edge.console import json_text
from edge.decide import Decision
from edge.faces.observation import Observation
from edge.gates import Gate
from edge.pipeline import Step
from edge.watching.door import FilmDoor
from edge.watching.record import Summary, line

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def state(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder where Ada is enrolled."""
    place = tmp_path_factory.mktemp("watch") / "state"
    film = str(films / "single_face.mp4")
    assert enroll.main(["add", "Ada", "--source", film, "--state", str(place)]) == 0
    return place


def run(*words: object) -> int:
    return watch.main([str(word) for word in words])


def strict(text: str) -> Any:
    """JSON without NaN or Infinity, which Python would let pass."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_film_becomes_lines_a_film_and_a_sheet(
    films: Path, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, lines, sheet = tmp_path / "a.mp4", tmp_path / "a.jsonl", tmp_path / "a.png"
    assert run(films / "face_noface.mov", "--state", state, "--out", out, "--jsonl", lines,
               "--sheet", sheet, "--expect", "ada", "--json") == 0  # fmt: skip
    summary = strict(capsys.readouterr().out)
    told = [strict(text) for text in lines.read_text().splitlines()]
    assert summary["frames"] == len(told) == 169
    assert [one["index"] for one in told] == list(range(169))
    assert all(a["t"] < b["t"] for a, b in itertools.pairwise(told))
    assert summary["granted"] == ["Ada"] and summary["expected"] == {"person": "ada", "met": True}
    for one in told:
        assert (one["person"] == "Ada") == (one["decision"] == "grant")
        assert one["person"] is None or all(g["passed"] for g in one["gates"].values())
        assert {"one_face", "size", "passive", "motion", "match", "agreement"} <= set(one["gates"])
        assert "candidate" not in one
    first = next(one for one in told if one["decision"] == "grant")
    assert first["t"] == summary["grants"][0]["t"] == summary["openings"][0]["t"]
    # The pulse opens with the grant and lasts pulse_s of film time.
    opened = [one["t"] for one in told if one["door"] == "open"]
    assert opened[0] == first["t"] and opened[-1] < first["t"] + 3 <= opened[-1] + 0.1
    empty = next(one for one in told if one["faces"] == 0)
    assert empty["box"] is None and empty["score"] is None
    assert empty["gates"]["size"]["value"] is None and not empty["gates"]["size"]["passed"]
    with open_camera(str(out)) as film:
        frames = 0
        while (frame := film.read()) is not None:
            frames += 1
            assert frame.image.shape[1] == 960
    assert frames == 169
    assert cv2.imread(str(sheet)).shape[1] == 3 * 490 + 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl", "a.mp4", "a.png"]


def test_a_stranger_is_not_named(
    films: Path, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "a.jsonl"
    stranger = films / "WolfgangLanger_Pexels.mp4"
    words = (stranger, "--state", state, "--limit-s", 2)
    assert run(*words, "--expect", "nobody", "--jsonl", lines) == 0
    assert "granted to nobody" in capsys.readouterr().out
    told = lines.read_text()
    assert "Ada" not in told and '"score": 0.' in told
    assert run(*words, "--expect", "Ada") == 1
    assert "expected Ada, admitted nobody" in capsys.readouterr().out
    assert run(*words, "--show-candidates", "--jsonl", lines) == 0
    assert strict(lines.read_text().splitlines()[5])["candidate"] == "Ada"


def test_expecting_someone_who_is_not_enrolled_says_so(
    films: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(films / "single_face.mp4", "--state", state, "--expect", "Bob", "--json") == 1
    assert strict(capsys.readouterr().out)["expected"] == {"person": "Bob", "met": False}
    assert run(films / "single_face.mp4", "--state", state, "--expect", "Bob") == 1
    assert "nobody named 'Bob'" in capsys.readouterr().err


def test_without_a_gallery_nobody_is_admitted(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "none"
    assert run(films / "single_face.mp4", "--state", place, "--limit-s", 1) == 0
    captured = capsys.readouterr()
    assert "has no gallery" in captured.err and "granted to nobody" in captured.out
    assert not place.exists()


def test_lines_on_standard_output_are_alone_there(
    films: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(films / "single_face.mp4", "--state", state, "--jsonl", "-", "--limit-s", 0.5) == 0
    captured = capsys.readouterr()
    assert [strict(text)["index"] for text in captured.out.splitlines()] == list(range(16))
    assert "16 frames" in captured.err


def test_a_reader_that_leaves_is_no_defect(films: Path, state: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.watch", films / "face_noface.mov", "--state", state,
         "--jsonl", "-"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(30) == 10
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("missing.mp4",), 4),
        (("text.mp4",), 4),
        (("foo:bar",), 4),
        (("text.mp4", "--out", "-"), 2),
        (("text.mp4", "--out", "a.gif"), 2),
        (("text.mp4", "--sheet", "a.pdf"), 2),
        (("text.mp4", "--out", "nowhere/a.mp4"), 2),
        (("text.mp4", "--out", "text.mp4"), 2),
        (("text.mp4", "--jsonl", "-"), 2),
        (("text.mp4", "--out", "a.mp4", "--jsonl", "a.mp4"), 2),
        (("text.mp4", "--limit-s", "0"), 2),
        ((), 2),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(
    words: tuple[str, ...],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("this is no film")
    assert run(*words, "--state", tmp_path / "s", "--json") == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert strict(captured.err)["error"]["exit_code"] == code
    assert [p.name for p in tmp_path.iterdir()] == ["text.mp4"]


@pytest.mark.parametrize("written", ["{}", "file://{}"])
def test_a_film_is_not_written_over_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"a film")
    assert run(written.format(film), "--out", film) == 2
    assert "overwritten" in capsys.readouterr().err
    assert film.read_bytes() == b"a film"


def test_a_cameras_name_is_not_looked_for_among_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of that very name in the current folder is another thing than the camera."""
    like = tmp_path / "v4l2:" / "dev" / "video-none.png"
    like.parent.mkdir(parents=True)
    like.write_bytes(b"a sheet")
    monkeypatch.chdir(tmp_path)
    assert run("v4l2:///dev/video-none.png", "--sheet", like, "--limit-s", 1) not in (0, 2)
    assert "overwritten" not in capsys.readouterr().err


def test_pictures_of_different_sizes_are_no_film_but_a_sheet(
    films: Path, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    picture = cv2.imread(str(films / "single_face.jpg"))
    cv2.imwrite(str(folder / "1.png"), picture)
    cv2.imwrite(str(folder / "2.png"), picture[:-60])
    assert run(folder, "--state", state, "--out", tmp_path / "a.mp4", "--json") == 10
    assert "differ in size" in strict(capsys.readouterr().err)["error"]["message"]
    assert not (tmp_path / "a.mp4").exists()
    assert run(folder, "--state", state, "--sheet", tmp_path / "a.png") == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_what_was_there(
    number: signal.Signals, code: int, films: Path, state: Path, tmp_path: Path
) -> None:
    out, lines = tmp_path / "a.mp4", tmp_path / "a.jsonl"
    lines.write_text("from before")
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.watch", films / "WolfgangLanger_Pexels.mp4", "--state", state,
         "--out", out, "--jsonl", lines],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A test run started in the background ignores Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    until = time.monotonic() + 30
    while not any(p.suffix == ".mp4" and p.stat().st_size for p in tmp_path.iterdir()):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in err
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]
    assert lines.read_text() == "from before"


# The parts by themselves -----------------------------------------------------------------------
def step(t: float, verdict: Any = None, person: str | None = None, track: int = 0) -> Step:
    gates = (Gate("size", 50.0, 40), Gate("motion", None if verdict is None else 2.0, 1))
    decision = Decision(t, verdict, person, float("nan"), gates, track)
    return Step(Observation(t, int(t * 10), (480, 640), 0, None), decision, None, {})


def test_the_film_door_pulses_rests_and_forgets() -> None:
    door = FilmDoor(Lock(pulse_s=3, cooldown_s=2), start=100.0)
    states = []
    for i in range(80):
        t = 100 + i / 10
        door.step(step(t, "grant", "Ada") if i in (5, 15, 40, 60) else step(t))
        states.append((door.is_open, door.opened_for))
    assert [i for i, (is_open, _) in enumerate(states) if is_open] == [
        *range(5, 35),
        *range(60, 80),
    ]
    assert all((who == "Ada") == is_open for is_open, who in states)
    assert door.openings == [(100.5, "Ada"), (106.0, "Ada")]


def test_the_summary_counts_a_grant_once_per_track() -> None:
    summary = Summary()
    for t, track, person in ((1.0, 0, "Ada"), (1.1, 0, "Ada"), (2.0, 1, "Ada"), (2.1, 1, "Bob")):
        summary.add(step(t, "grant", person, track))
    assert [(t, p) for t, _, p in summary.grants] == [(1.0, "Ada"), (2.0, "Ada"), (2.1, "Bob")]
    assert summary.people == ["Ada", "Bob"]
    assert not summary.met("Ada") and not summary.met("nobody")
    assert summary.seconds == pytest.approx(1.1)


def test_what_is_no_number_becomes_null() -> None:
    data = strict(json_text(line(step(0.0), door_open=False, show_candidates=True)))
    assert data["score"] is None and data["gates"]["motion"]["value"] is None
    assert data["candidate"] is None and data["door"] == "locked"
