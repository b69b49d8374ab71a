"""The verb on a real face in two lights, shared out among made-up people."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import pytest

from training import cli
from training.liveness import __main__ as liveness
from training.liveness import samples
from training.liveness.attacks import INSTRUMENTS
from training.split import is_validation


def run(*words: object) -> int:
    return cli.run(lambda: liveness.main(["generate", *map(str, words)]))


def stills(faces: Path, out: Path, *more: object) -> list[object]:
    given = ["--set", faces / "faces", faces / "labels.csv", "--range", "train", "--out", out]
    return [*given, *more]


@pytest.fixture(scope="module")
def made(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    sheet = out.parent / "sheet.png"
    words = stills(faces, out, "--training", "--live", 6, "--attacks", 3, "--sheet", sheet)
    assert run(*words, "--workers", 2) == 0
    return out


def test_a_list_of_all_labels_is_written(made: Path) -> None:
    found = samples.read(made / "list.csv")
    assert {s.label for s in found} == {"live", *INSTRUMENTS}
    summary = json.loads((made / "summary.json").read_text())
    for label, counted in summary["labels"].items():
        have = [s for s in found if s.label == label]
        assert counted["frames"] == len(have)
        assert counted["frames"] + counted["non_response"] == (6 if label == "live" else 3)
    for s in found:
        image = samples.picture(s)
        assert s.picture == made / "pictures" / s.label / s.picture.name
        assert s.box[2] > 0 and s.box[0] < image.shape[1]
        assert s.range == "train" and s.parameters["camera"]["quality"] > 0
        assert not is_validation(s.person)
        shown = samples.medium(s)
        assert shown is not None
        if s.live:
            assert "beside" in s.parameters["scene"] or not shown.any()
        else:
            x, y = (round(float(v)) // samples.COARSER for v in (s.box[:2] + s.box[2:]) / 2)
            around = shown[max(y - 6, 0) : y + 7, max(x - 6, 0) : x + 7]
            assert around.max() == 255  # a mask may have a hole there
    assert summary["simulated"] is True
    assert not list(made.parent.glob(".out*"))
    sheet = cv2.imread(str(made.parent / "sheet.png"))
    assert sheet is not None and sheet.shape[0] > 9 * 180


def test_workers_and_company_do_not_matter(made: Path, faces: Path, tmp_path: Path) -> None:
    """One process, other labels left out: what is left is the same to the last byte."""
    out = tmp_path / "out"
    words = stills(faces, out, "--training", "--live", 2, "--attacks", 3)
    assert run(*words, "--instruments", "phone") == 0
    for s in samples.read(out / "list.csv"):
        twin = made / s.picture.relative_to(out)
        assert s.picture.read_bytes() == twin.read_bytes()


def test_another_seed_is_another_list(made: Path, faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = stills(faces, out, "--training", "--live", 2, "--attacks", 0, "--seed", 1)
    assert run(*words) == 0
    for s in samples.read(out / "list.csv"):
        assert s.picture.read_bytes() != (made / s.picture.relative_to(out)).read_bytes()


def test_attacks_can_show_whole_pictures(made: Path, faces: Path, tmp_path: Path) -> None:
    """As many as told, on devices that are turned or not; all else stays as it was drawn."""
    for share, turned in (("1", "1"), ("1", "0"), ("0", "1")):
        out = tmp_path / f"{share}-{turned}"
        words = stills(faces, out, "--training", "--live", 0, "--attacks", 3)
        words += ["--instruments", "tablet", "mask", "--whole", share, "--turned", turned]
        assert run(*words) == 0
        found = samples.read(out / "list.csv")
        summary = json.loads((out / "summary.json").read_text())
        assert (summary["whole"], summary["turned"]) == (float(share), float(turned))
        tablets = [s for s in found if s.label == "tablet"]
        assert tablets and len(tablets) < len(found)
        assert all(s.parameters["portrait"]["whole"] is (share == "1") for s in tablets)
        plain = {s.picture.name: s for s in samples.read(made / "list.csv") if s.label == "tablet"}
        for s in tablets:
            body = dict(plain[s.picture.name].parameters["body"])
            if share == turned == "1":
                high, wide = cv2.imread(str(faces / "faces" / s.person / "1.jpg")).shape[:2]
                body["lying"] = wide > high
            assert s.parameters["body"] == body


def test_held_back_people_are_the_others(faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = stills(faces, out, "--held-back", "--live", 8, "--attacks", 2)
    assert run(*words, "--instruments", "print", "tablet") == 0
    shown = {s.person for s in samples.read(out / "list.csv")}
    assert shown and all(is_validation(p) for p in shown)


def test_films_share_a_name_and_come_from_films(faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    clips = ["--clips", faces / "clips", faces / "clips.csv", "--people", faces / "people.csv"]
    words = stills(faces, out, "--training", "--live", 0, "--attacks", 0, *clips, "--films", 1)
    assert run(*words, "--film-frames", 4, "--instruments", "replay", "print") == 0
    found = samples.read(out / "list.csv")
    assert {s.film for s in found} == {f"{s.label}-0000" for s in found}
    assert {s.label for s in found} == {"live", "replay", "print"}
    assert max(sum(s.label == name for s in found) for name in ("replay", "print")) == 4


def test_at_the_door_frames_are_whole_and_anybody_is_shown(faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    clips = ["--clips", faces / "clips", faces / "clips.csv", "--people", faces / "people.csv"]
    words = stills(faces, out, "--training", "--live", 3, "--attacks", 9, *clips, "--door")
    assert run(*words, "--instruments", "phone") == 0
    found = samples.read(out / "list.csv")
    assert {cv2.imread(str(s.picture)).shape for s in found} == {(320, 400, 3)}
    assert {s.person for s in found if s.live} <= {"a", "b"}
    assert any(s.person.startswith("Person_") for s in found if not s.live)


def test_held_people_of_films(faces: Path, tmp_path: Path) -> None:
    clips = ["--clips", faces / "clips", faces / "clips.csv", "--people", faces / "people.csv"]
    for side, person in (("--held-back", "b"), ("--training", "a")):
        out = tmp_path / side.strip("-")
        words = [*clips, "--held-people", "b", side, "--range", "test", "--out", out]
        assert run(*words, "--live", 3, "--attacks", 0, "--films", 0) == 0
        assert {s.person for s in samples.read(out / "list.csv")} == {person}


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--live", "-1"], 2, "negative"),
        (["--live", "0", "--attacks", "0"], 2, "nothing to make"),
        (["--workers", "0"], 2, "above 0"),
        (["--whole", "1.5"], 2, "0 to 1"),
        (["--whole", "1", "--turned", "2"], 2, "--turned is a share"),
        (["--turned", "0.5"], 2, "--whole says"),
        (["--beside", "-0.1"], 2, "--beside is a share"),
        (["--films", "1"], 2, "--clips is needed"),
        (["--door"], 3, "--clips or --staged is needed"),
        (["--clips", "a", "b"], 2, "needs --people"),
        (["--set", "only-one"], 2, "LABELS"),
        (["--set", "a", "b", "-1"], 2, "share"),
        (["--set", "a", "nowhere.csv"], 3, "nowhere.csv"),
        (["--pack", "no-such-pack"], 3, "no-such-pack"),
    ],
)
def test_what_cannot_be_made_is_told(
    faces: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    said: str,
) -> None:
    out = tmp_path / "out"
    assert run(*stills(faces, out, "--training"), *more) == code
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(
    made: Path, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (made / "list.csv").read_bytes()
    assert run(*stills(faces, made, "--training", "--live", 1)) == 10
    assert "is there already" in capsys.readouterr().err.replace("\n", " ")
    assert (made / "list.csv").read_bytes() == before


def test_a_picture_that_is_none_leaves_nothing(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "faces"
    shutil.copytree(faces / "faces", copy)
    for path in copy.glob("*/*.jpg"):
        path.write_bytes(b"no picture")
    words = ["--set", copy, faces / "labels.csv", "--range", "train", "--training"]
    assert run(*words, "--out", tmp_path / "out", "--live", 2, "--attacks", 0) == 3
    assert "1.jpg" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["faces"]


def test_labels_of_pictures_that_are_not_there_are_told(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(csv.reader((faces / "labels.csv").open()))
    name = next(r[0] for r in rows[1:] if not is_validation(r[0].split("/")[0]))
    text = (faces / "labels.csv").read_text().replace(name, name.replace("1.jpg", "9.jpg"))
    (tmp_path / "labels.csv").write_text(text)
    words = ["--set", faces / "faces", tmp_path / "labels.csv", "--range", "train", "--training"]
    assert run(*words, "--out", tmp_path / "out", "--live", 1) == 3
    assert "9.jpg" in capsys.readouterr().err.replace("\n", " ")


def test_some_living_people_hold_something_beside_their_faces(faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(*stills(faces, out, "--training", "--live", 40, "--attacks", 0)) == 0
    found = samples.read(out / "list.csv")
    held = [s for s in found if "beside" in s.parameters["scene"]]
    assert 0 < len(held) < 15
    assert all(s.parameters["scene"]["person"] == s.person for s in found)
    assert all({"paper", "display"} & s.parameters.keys() for s in held)
    more = stills(faces, tmp_path / "more", "--training", "--live", 8, "--attacks", 0)
    assert run(*more, "--beside", 1) == 0
    found = samples.read(tmp_path / "more" / "list.csv")
    assert found and all("beside" in s.parameters["scene"] for s in found)
