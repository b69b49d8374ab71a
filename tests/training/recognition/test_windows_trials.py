"""Trials on made-up observations: the real pipeline and enrolment, without the networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import packs
from edge.config import Config
from edge.faces.observation import Face, Floats, Observation, Pose, Quality
from edge.packs import Pack
from training.errors import DataError
from training.recognition.door.films import Film, read_people
from training.recognition.door.trials import (
    enrol,
    enrol_all,
    person_scores,
    plan,
    play,
    windows,
)

RATE = 30


@pytest.fixture(scope="module")
def pack() -> Pack:
    return packs.load()


def face(vector: Floats, rng: np.random.Generator, **quality: float) -> Face:
    """A good face whose patch is noise: no two are alike, and nothing can be laid on another."""
    bounds = {"size": 120.0, "sharpness": 0.4, "exposure": 120.0, "clipped": 0.0, "fit": 1.0}
    return Face(
        box=np.array([200, 150, 300, 270], np.float32),
        landmarks=np.zeros((68, 2), np.float32),
        pose=Pose(0, 0, 0),
        quality=Quality(**{**bounds, **quality}),
        patch=rng.uniform(0, 255, (64, 64)).astype(np.float32),
        patch_matrix=np.eye(2, 3),
        eye_aspect=0.3,
        live=1.0,
        embedding=vector,
        confidence=1.0,
    )


def film(name: str, person: str, frames: int = 60) -> Film:
    """A person who is a direction of their own, with a little noise."""
    rng = np.random.default_rng(sum(map(ord, name)))
    own = np.zeros(128)
    own[ord(person)] = 1
    seen = []
    for i in range(frames):
        vector = own + rng.normal(0, 0.002, 128)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        seen.append(Observation(i / RATE, i, (480, 640), 1, face(vector, rng)))
    return Film(name, person, tuple(seen))


FILMS = [film("a1", "a"), film("a2", "a"), film("a3", "a"), film("b1", "b"), film("b2", "b")]
FILMS += [film("c1", "c")]


def test_enrolment_takes_as_many_frames_as_asked_of_one_film(pack: Pack) -> None:
    one = enrol(pack, Config(), FILMS[0], 3)
    assert (one.film, one.person.name) == ("a1", "a")
    assert len(set(one.frames)) == len(one.person.templates) == 3
    for index, template in zip(one.frames, one.person.templates, strict=True):
        shown = FILMS[0].observations[index].face
        assert shown is not None and shown.embedding is not None
        assert np.array_equal(template.vector, shown.embedding)


def test_a_film_that_enrolment_refuses_is_named_with_the_reason(pack: Pack) -> None:
    done, refused = enrol_all(pack, Config(), [*FILMS, film("short", "d", frames=4)], 3)
    assert {e.film for e in done} == {f.name for f in FILMS}
    assert list(refused) == ["short"] and "3 are needed" in refused["short"]


def test_every_film_is_enrolled_from_and_never_its_own_probe(pack: Pack) -> None:
    trials = plan(pack, FILMS, enrol_all(pack, Config(), FILMS, 3)[0])
    mated = [t for t in trials if t.right is not None]
    pairs = [(t.probe.name, t.sources[t.probe.person]) for t in mated]
    assert sorted(pairs) == sorted(
        [(p, e) for p in ("a1", "a2", "a3") for e in ("a1", "a2", "a3") if p != e]
        + [("b1", "b2"), ("b2", "b1")]
    )
    assert all(t.right == t.probe.person and t.right in t.gallery.names for t in mated)
    assert all(len(t.gallery) == 3 for t in mated)
    left_out = [t for t in trials if t.right is None]
    assert {t.probe.name for t in left_out} == {f.name for f in FILMS}
    assert all(t.probe.person not in t.gallery.names for t in left_out)
    before_c = {f for t in left_out if t.probe.name == "c1" for f in t.sources.values()}
    assert before_c == {"a1", "a2", "a3", "b1", "b2"}


def test_one_person_is_no_gallery(pack: Pack) -> None:
    alone = enrol_all(pack, Config(), FILMS[:2], 3)[0]
    with pytest.raises(DataError, match="two are needed"):
        plan(pack, FILMS[:2], alone)


def test_the_door_recognises_and_refuses_what_does_not_move(pack: Pack) -> None:
    """Noise cannot be laid on noise, so there is no evidence of life; nobody may be let in."""
    trials = plan(pack, FILMS, enrol_all(pack, Config(), FILMS, 3)[0])
    mated = next(t for t in trials if t.right == "a")
    played = play(pack, Config(), mated, window_s=1.0, step_s=0.5)
    assert played.whole.recognised == ("a",) and played.whole.granted == ()
    assert [w.outcome.reason for w in played.windows] == ["motion"] * 2
    assert [w.start for w in played.windows] == pytest.approx([0.0, 0.5])
    # Six of nine: a fresh start recognises from the sixth frame on and not before.
    agree = Config().decision.agree
    assert [f.recognised for f in played.frames[: agree + 1]] == [None] * (agree - 1) + ["a"] * 2
    assert all((f.right or 0) > 0.99 > 0.5 > (f.wrong or 0) for f in played.frames)
    stranger = next(t for t in trials if t.right is None and t.probe.person == "a")
    played = play(pack, Config(), stranger, window_s=1.0, step_s=0.5)
    assert played.whole.recognised == () and all(f.right is None for f in played.frames)


def test_a_window_begins_afresh_or_goes_on(pack: Pack) -> None:
    """Frames before a window lend it votes only where the door goes on from the film's begin."""
    whole = film("x", "a", frames=64)
    rng = np.random.default_rng(0)
    blurred = []
    for one in whole.observations:
        assert one.face is not None and one.face.embedding is not None
        # Sharp for 0.6 s, of which three frames lie in the second window, then only in four frames.
        good = one.index < 18 or one.index >= 60
        bad = face(one.face.embedding, rng, sharpness=0.0)
        bad = Face(**{f: getattr(bad, f) for f in Face.__slots__} | {"embedding": None})
        shown = one.face if good else bad
        blurred.append(Observation(one.t, one.index, one.frame_size, 1, shown))
    probe = Film("x", "a", tuple(blurred))
    trial = plan(pack, [probe], enrol_all(pack, Config(), FILMS, 3)[0])[0]
    played = play(pack, Config(), trial, window_s=1.0, step_s=0.5)
    assert [w.outcome.qualifies for w in played.windows] == [True, False, False]
    assert [w.outcome.recognised for w in played.windows] == [("a",), (), ()]
    assert [w.outcome.qualifies for w in played.ongoing] == [True, False, False]
    assert [w.outcome.recognised for w in played.ongoing] == [("a",), ("a",), ()]
    assert [w.outcome.usable for w in played.ongoing] == [w.outcome.usable for w in played.windows]


def test_scores_of_a_probe_are_each_persons_best(pack: Pack) -> None:
    trial = plan(pack, FILMS, enrol_all(pack, Config(), FILMS, 3)[0])[0]
    probe = np.zeros(128, np.float32)
    probe[ord("a")] = 1
    told = person_scores(trial.gallery, probe)
    match = trial.gallery.search(probe)
    assert match is not None and match.second_score is not None
    assert set(told) == set(trial.gallery.names)
    best, second = sorted(told.values(), reverse=True)[:2]
    assert told[match.person] == best == pytest.approx(match.score, abs=1e-6)
    assert second == pytest.approx(match.second_score, abs=1e-6)


@given(
    st.lists(st.floats(0.005, 0.4), max_size=60),
    st.floats(0.05, 2),
    st.floats(0.001, 1),
)
def test_windows_are_whole_and_move_on(gaps: list[float], window_s: float, step_s: float) -> None:
    times = [float(t) for t in np.cumsum([0.0, *gaps])]
    found = list(windows(times, window_s, step_s))
    for first, end in found:
        assert times[end - 1] - times[first] <= window_s + 2e-3
        assert times[-1] >= times[first] + window_s - 2e-3
        assert end == len(times) or times[end] > times[first] + window_s
    starts = [first for first, _ in found]
    assert starts == sorted(set(starts))
    assert bool(found) == (times[-1] >= window_s - 1e-3)


def test_windows_of_a_steady_film() -> None:
    times = [round(i / 30, 3) for i in range(61)]  # as a container rounds them
    assert list(windows(times, 1.0, 0.5)) == [(0, 31), (15, 46), (30, 61)]
    assert list(windows(times[:30], 1.0, 0.5)) == []
    assert list(windows([], 1.0, 0.5)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("film,who\nx.mkv,a\n", "header"),
        ("clip,person\nx.mkv,a\nx.mkv,a\n", "line 3: x.mkv is listed twice"),
        ("clip,person\nx.mkv,a\nnone.mkv,b\n", "line 3.*no such film"),
        ("clip,person\nx.mkv,\n", "line 2"),
        ("clip,person\nx.mkv,a,b\n", "line 2"),
        ("clip,person\nx.mkv,a\ny.mkv,../b\n", "line 3.*slash"),
        ("clip,person\nx.mkv,a\ny.mkv,a\n", "at least two people"),
        ("clip,person\nv4l2:///dev/video0,a\n", "no such film"),
        ("", "header"),
    ],
)
def test_a_wrong_list_of_films_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    for name in ("x.mkv", "y.mkv"):
        (tmp_path / name).touch()
    people = tmp_path / "people.csv"
    people.write_text(text)
    with pytest.raises(DataError, match=message):
        read_people(people, tmp_path)


def test_a_list_of_films_is_read(tmp_path: Path) -> None:
    for name in ("x.mkv", "y.mkv"):
        (tmp_path / name).touch()
    people = tmp_path / "people.csv"
    people.write_text("clip,person\nx.mkv,Ada\ny.mkv,Bo\n")
    listed = read_people(people, tmp_path)
    assert [(f.path.name, f.person) for f in listed] == [("x.mkv", "Ada"), ("y.mkv", "Bo")]
    with pytest.raises(DataError, match=r"none\.csv"):
        read_people(tmp_path / "none.csv", tmp_path)
