"""Files of recorded strangers: what is written is read, and what is malformed is named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.calibration.record import joined
from edge.calibration.recording import Recording, TrackScore, read, write
from edge.errors import BadScores, OutputError, UsageError
from tests.edge.calibration.helpers import SHA, recording

DIGEST = "1" * 64
ROWS = recording([0.25, -0.5, 0.75], DIGEST)


@pytest.mark.parametrize("name", ["s.json", "s.csv", "S.CSV"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    odd = TrackScore(person='a,"b"', track="x\ty", score=1 / 3, frames=1, source="fünf; 6.mp4")
    made = ROWS.model_copy(update={"tracks": (*ROWS.tracks, odd)})
    write(tmp_path / name, made)
    assert read(tmp_path / name, SHA) == made
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_who_did_not_stand_long_enough_is_no_trial_but_counts_as_an_error() -> None:
    rows = (("a", 5, 0.9), ("a", 6, 0.1), ("b", 5, 0.8), ("b", 5, 0.2), ("c", 60, 0.3))
    tracks = tuple(
        TrackScore(person=who, track=str(k), score=score, frames=frames)
        for k, (who, frames, score) in enumerate(rows)
    )
    made = ROWS.model_copy(update={"tracks": tracks})
    assert made.strangers == 2 and made.best == [0.9, 0.1, 0.8, 0.2, 0.3]


def test_of_another_embedder_they_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "s.json", ROWS)
    with pytest.raises(BadScores, match="cannot be compared; record again"):
        read(tmp_path / "s.json", "9" * 64)


HEAD = "\n".join(
    f"# {name}: {value}"
    for name, value in (
        ("format", "face-gate impostor scores 1"),
        ("embedder_sha256", SHA),
        ("gallery_sha256", DIGEST),
        ("recorded", "2031-05-04T12:30:00Z"),
        ("agree", "6"),
    )
)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text(f"{HEAD}\nperson,track,score,frames\nbob,1,0.5,9\nbob,2,0.6,9\neve,3,0.1,9\n")
    made = read(file, SHA)
    assert made.strangers == 2 and made.best == [0.5, 0.6, 0.1]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("person,track,score,frames\n", "tracks"),
        ("person,track,score,frames\na,1,nan,9\n", "tracks.0.score"),
        ("person,track,score,frames\na,1,1.01,9\n", "less than or equal to 1"),
        ("person,track,score,frames\na,1,high,9\n", "valid number"),
        ("person,track,score,frames\na,1,0.5,0\n", "tracks.0.frames"),
        ("person,track,score,frames\na,1,0.5\n", "fewer values"),
        ("person,track,score,frames\na,1,0.5,9,7\n", "more or fewer"),
        ("person,track,score,frames\n,1,0.5,9\n", "tracks.0.person"),
        ("person,track,score,frames\na,1,0.5,9\nb,1,0.5,9\n", "track '1' is there 2 times"),
        ("person,track,score,frames,age\na,1,0.5,9,44\n", "unknown: ['age']"),
        ("a,1,0.5,9\n", "the columns are"),
        ("# what\nperson,track,score,frames\na,1,0.5,9\n", "`# name: value`"),
        ("# more: 1\nperson,track,score,frames\na,1,0.5,9\n", "more"),
        ('person,track,score,frames\na,1,0.5,"9\n', "unexpected end"),
        ("", "the columns are"),
    ],
)
def test_a_malformed_table_is_named(tmp_path: Path, rows: str, says: str) -> None:
    file = tmp_path / "s.csv"
    file.write_text(f"{HEAD}\n{rows}")
    with pytest.raises(BadScores) as caught:
        read(file, SHA)
    assert says in str(caught.value) and "s.csv" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1}', "[" * 100_000, '{"tracks": [{}]}']
)
def test_malformed_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(BadScores, match=r"s\.json"):
        read(tmp_path / "s.json", SHA)


def test_json_that_is_not_of_this_format(tmp_path: Path) -> None:
    data = ROWS.model_dump(mode="json")
    for change in ({"format": "face-gate impostor scores 2"}, {"agree": 0}, {"face": "x"}):
        (tmp_path / "s.json").write_text(json.dumps(data | change))
        with pytest.raises(BadScores):
            read(tmp_path / "s.json", SHA)
    (tmp_path / "s.json").write_text(json.dumps(data).replace("0.25", "NaN"))
    with pytest.raises(BadScores, match=r"tracks\.0\.score"):
        read(tmp_path / "s.json", SHA)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "d.json").mkdir()
    for name in ("none.json", "b.csv", "d.json"):
        with pytest.raises(BadScores, match=name):
            read(tmp_path / name, SHA)
    with pytest.raises(UsageError, match=r"\.json or \.csv"):
        read(tmp_path / "s.xml", SHA)
    with pytest.raises(UsageError, match=r"\.json or \.csv"):
        write(tmp_path / "s.xml", ROWS)
    with pytest.raises(OutputError):
        write(tmp_path / "none" / "s.json", ROWS)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30), st.sampled_from([".csv", ".json"]))
def test_scores_keep_every_digit(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float], suffix: str
) -> None:
    file = tmp_path_factory.mktemp("s") / f"s{suffix}"
    write(file, recording(scores, DIGEST))
    assert read(file, SHA).best == scores


def turned(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_tracks_that_look_like_one_person_are_one() -> None:
    close = math.cos(math.radians(5.1))
    # the first and the last hang together by what lies between them
    tracks = [turned(0, 4), turned(90), turned(8), turned(95, 140), turned(12), turned(-60)]
    assert joined(tracks, close) == [0, 1, 0, 1, 0, 2]
    assert joined(tracks, 1.1) == [0, 1, 2, 3, 4, 5]
    assert joined(tracks, -1.1) == [0] * 6
    assert joined([], close) == []


def test_a_recording_is_not_changed_once_made() -> None:
    with pytest.raises(ValueError, match="frozen"):
        ROWS.agree = 1  # type: ignore[misc]
    assert isinstance(ROWS, Recording)
