"""The report on lists of presentations: what is counted, what is refused, what is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from tests.training.liveness import made_up_scorer
from tests.training.liveness.evaluating import LEVELS, run, told
from training.liveness import samples
from training.liveness.reports.figures import list_names
from training.liveness.samples import Sample

SHARED = Path(__file__).resolve().parents[4] / "shared"


def test_errors_are_counted_by_instrument_and_the_worst_one_stands_out(
    bright: Path, grey_list: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = grey_list("test", LEVELS)
    assert run("--list", path, "--network", f"n={bright}", "--json") == 0
    result = told(capsys)
    (n,) = result["networks"]
    assert n["bound"] == 0.5 and n["how"] == "its own"
    assert (n["apcer"]["print"]["count"], n["apcer"]["print"]["trials"]) == (0, 4)
    assert (n["apcer"]["replay"]["count"], n["apcer"]["replay"]["trials"]) == (2, 4)
    assert n["worst"] == "replay"
    assert (n["bpcer"]["count"], n["bpcer"]["trials"]) == (1, 8)
    assert n["acer"] == pytest.approx((0.5 + 0.125) / 2)
    # at most 1 of 10 of 4 replays is none: the bound lies above 170, where three faces are
    assert n["operating_points"]["BPCER10"]["bpcer"]["count"] == 5
    assert n["latency_ms"]["median"] > 0
    assert result["simulated"] and result["list"]["print"]["simulated"] == 4
    assert result["list"]["live"]["no_response"]["count"] == 0


def test_a_bound_is_chosen_on_another_list(
    bright: Path, grey_list: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = grey_list("test", LEVELS)
    held = grey_list("held", {"live": [155, 165, 175, 185], "print": [30], "replay": [162]})
    words = ("--list", path, "--choose", held, "--network", f"n={bright}", "--json")
    assert run(*words, "--bpcer", 0.25) == 0
    result = told(capsys)
    (n,) = result["networks"]
    assert n["bound"] == pytest.approx(made_up_scorer.score(165), abs=1e-6)
    assert n["apcer"]["replay"]["count"] == 1  # 170 alone is above
    assert result["chosen_on"]["presentations"] == 6
    assert result["chosen_on"]["shared_people"] == 4
    assert run(*words, "--apcer", 0.0) == 0
    (n,) = told(capsys)["networks"]
    assert made_up_scorer.score(162) < n["bound"] < made_up_scorer.score(163)


@pytest.mark.parametrize(("alike", "refused"), [("0.2", 1), ("0.5", 4)])
def test_networks_are_compared_at_an_equal_bpcer(
    alike: str,
    refused: int,
    bright: Path,
    grey_list: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("--network", f"n={bright}", "--alike", alike)
    assert run("--list", grey_list("test", LEVELS), *words, "--json") == 0
    (n,) = told(capsys)["networks"]
    assert n["equal_bpcer"]["target"] == float(alike)
    assert (n["equal_bpcer"]["bpcer"]["count"], n["equal_bpcer"]["bpcer"]["trials"]) == (refused, 8)
    assert run("--list", grey_list("again", LEVELS), *words) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"refuses {100 * float(alike):g} % of the living" in out


def test_networks_stand_side_by_side(
    bright: Path, grey_list: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = grey_list("test", LEVELS)
    words = ("--network", f"one={bright}", "--network", "door=default", "--bound", 0.4)
    assert run("--list", path, *words) == 0
    out = capsys.readouterr().out
    assert "one" in out and "door" in out
    assert "SIMULATED" in out and "APCER replay" in out


def test_the_report_is_written_whole(
    bright: Path,
    grey_list: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, out = grey_list("test", LEVELS, drawn="train"), tmp_path / "report"
    words = ("--list", path, "--network", f"a b={bright}", "--report", out)
    assert run(*words) == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "det-a-b.png",
        "det.png",
        "evaluate.json",
        "report.html",
        "scores-a-b.png",
        "scores.csv",
    ]
    lines = (out / "scores.csv").read_text().splitlines()
    assert len(lines) == 1 + 16 and lines[0] == "picture,label,person,a b"
    html = (out / "report.html").read_text()
    assert "simulated attacks" in html and "image/jpeg" not in html
    assert "range that trainings draw from" in html
    assert run(*words, "--pictures") == 0
    assert "image/jpeg" in (out / "report.html").read_text()
    capsys.readouterr()


def test_a_face_that_the_detector_misses_is_no_response(
    bright: Path, grey_list: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Grey pictures hold no face: nothing is left to report on, and that is said."""
    path = grey_list("test", LEVELS)
    assert run("--list", path, "--network", f"n={bright}", "--detector", "default") == 3
    assert "a face to judge" in capsys.readouterr().err


def test_a_frame_that_the_door_would_not_judge_is_no_response(
    tmp_path: Path, bright: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A head upon its side is found and fails the gate of roll; none of it counts as refused."""
    from edge import packs
    from edge.faces.detect import detect

    face = np.ascontiguousarray(data.astronaut()[:400, :400, ::-1])
    middle = (224.0, 120.0)
    found = []
    for name, label, turn in (("a", "live", 0), ("b", "live", 50), ("c", "print", 0)):
        matrix = cv2.getRotationMatrix2D(middle, turn, 1)
        image = cv2.warpAffine(face, matrix, (400, 400), borderMode=cv2.BORDER_REPLICATE)
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        box = detect(packs.load(), image)[0][0]
        found.append(Sample(tmp_path / f"{name}.png", label, name, box))
    samples.write(tmp_path / "list.csv", found)
    words = ("--list", tmp_path / "list.csv", "--network", f"n={bright}", "--bound", 0, "--json")
    assert run(*words, "--detector", "default") == 0
    assert told(capsys)["list"]["live"]["no_response"]["count"] == 0
    assert run(*words, "--gates", "default") == 0
    result = told(capsys)
    assert result["list"]["live"]["no_response"]["count"] == 1
    assert result["networks"][0]["bpcer"]["trials"] == 1
    assert result["networks"][0]["apcer"]["print"]["trials"] == 1


def test_what_generate_left_out_is_told(
    bright: Path, grey_list: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = grey_list("test", LEVELS)
    summary = path.parent / "summary.json"
    summary.write_text('{"labels": {"print": {"frames": 4, "non_response": 1}}}')
    assert run("--list", path, "--network", f"n={bright}", "--json") == 0
    listed = told(capsys)["list"]
    assert (listed["print"]["left_out"]["count"], listed["print"]["left_out"]["trials"]) == (1, 5)
    assert listed["replay"]["left_out"]["count"] == 0
    summary.write_text('{"labels": []}')
    assert run("--list", path, "--network", f"n={bright}") == 3
    assert "summary.json" in capsys.readouterr().err


@pytest.mark.shared
def test_attacks_that_match_are_counted_with_recognition(
    tmp_path: Path, bright: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same picture as an attack matches its person; somebody else's name does not."""
    film = SHARED / "data" / "clips" / "yes.mkv"
    if not film.exists():
        pytest.skip("no ../shared/data/clips beside the checkout")
    read, frame = cv2.VideoCapture(str(film)).read()
    assert read
    other = SHARED / "data" / "clips" / "eat.mkv"
    read, face = cv2.VideoCapture(str(other)).read()
    assert read
    from edge import packs
    from edge.faces.detect import detect

    pack = packs.load()
    found = []
    for name, image, label, person in (
        ("a", frame, "live", "a"),
        ("d", face, "live", "d"),
        ("p", frame, "print", "a"),
        ("q", face, "print", "a"),
        ("r", face, "print", "nobody"),
    ):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        box = detect(pack, image)[0][0]
        found.append(Sample(tmp_path / f"{name}.png", label, person, box))
    samples.write(tmp_path / "list.csv", found)
    words = ("--list", tmp_path / "list.csv", "--network", f"n={bright}", "--bound", 0)
    assert run(*words, "--match", "default", "--detector", "default", "--json") == 0
    result = told(capsys)
    joint = result["joint"]
    assert (joint["iapmr"]["print"]["count"], joint["iapmr"]["print"]["trials"]) == (1, 2)
    assert joint["iapar"]["n"]["print"]["count"] == 1  # at a bound of 0 all of them live
    assert joint["without"]["print"] == 1
    assert not result["simulated"]
    # with pictures of the people elsewhere
    from training import labels
    from training.labels import FaceLabel

    (tmp_path / "set" / "a").mkdir(parents=True)
    shutil.copy(tmp_path / "a.png", tmp_path / "set" / "a" / "0.png")
    label = FaceLabel(
        "a/0.png",
        found[0].box,
        1.0,
        np.full((5, 2), np.nan, np.float32),
        np.full(3, np.nan, np.float32),
        None,
    )
    labels.write(tmp_path / "labels.csv", [label])
    words += ("--match", "default", "--genuine", tmp_path / "set", tmp_path / "labels.csv")
    assert run(*words, "--json") == 0
    joint = told(capsys)["joint"]
    assert (joint["iapmr"]["print"]["count"], joint["iapmr"]["print"]["trials"]) == (1, 2)


def test_lists_of_one_name_are_told_apart_by_their_folders() -> None:
    assert list_names([Path("/a/door/list.csv"), Path("/a/held.csv")]) == ["list.csv", "held.csv"]
    both = [Path("/a/door/list.csv"), Path("/a/staged/list.csv")]
    assert list_names(both) == ["door/list.csv", "staged/list.csv"]
