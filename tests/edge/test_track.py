"""One face over frames: what joins a track, what ends it, and whose life counts."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from edge.faces.observation import Face, Observation, Pose, Quality
from edge.track import LOST_S, MAX_GAP_S, MOST_KEYS, Track, follow


def pattern(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (64, 64)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 4) * 4, np.float32)


def seen(i: int, patch: np.ndarray, x: float = 0.0, t: float | None = None) -> Observation:
    face = Face(
        box=np.array([x, 0, x + 80, 80], np.float32),
        landmarks=np.zeros((68, 2), np.float32),
        pose=Pose(0, 0, 0),
        quality=Quality(80, 0.4, 120, 0, 0.9),
        patch=patch,
        patch_matrix=np.eye(2, 3),
        eye_aspect=0.3,
        live=0.9,
        embedding=np.ones(128, np.float32),
    )
    return Observation(i / 30 if t is None else t, i, (480, 640), 1, face)


def alive(i: int) -> np.ndarray:
    """A patch that changes, slowly, as no flat picture can."""
    swing = np.float32(0.25 * np.sin(2 * np.pi * i / 30))
    return np.asarray(pattern(1) + swing * pattern(2), np.float32)


def living(frames: int) -> Track:
    track: Track | None = None
    for i in range(frames):
        track = follow(track, seen(i, alive(i)), None, usable=True, number=0)
    assert track is not None
    return track


def test_a_living_face_gathers_evidence() -> None:
    evidence = living(30).evidence
    assert evidence is not None and evidence.liveliness > 1


def test_a_living_face_does_not_vouch_for_a_picture_held_before_it() -> None:
    track: Track | None = living(30)
    for i in range(30, 45):
        track = follow(track, seen(i, pattern(9)), None, usable=True, number=0)
        assert track is not None and len(track.sightings) == i + 1
        assert track.evidence is None


def test_a_hand_that_has_left_does_not_hold_the_evidence_up() -> None:
    """A key of a hidden face is like nothing that follows: another one is made at once."""
    track: Track | None = None
    for i in range(30):
        patch = pattern(9) if i < 5 else alive(i)
        track = follow(track, seen(i, patch), None, usable=True, number=0)
    assert track is not None and track.evidence is not None
    first, second, *_ = track.windows
    assert first.key.t == 0 and len(first.registered) == 5
    assert second.key.t - 5 / 30 <= LOST_S + 1 / 30
    for i in range(30, 60):
        track = follow(track, seen(i, pattern(i)), None, usable=True, number=0)
        assert track is not None and len(track.windows) <= MOST_KEYS, "each costs a registration"


def test_turning_is_looked_for_only_where_it_is_asked_for() -> None:
    """Of patches that stay alike while the head is said to turn: a picture's."""
    for asked in (False, True):
        track: Track | None = None
        for i in range(30):
            one = seen(i, pattern(1))
            assert one.face is not None
            turned = replace(one.face, pose=Pose(0.0 if i < 15 else 20.0, 0, 0))
            shown = replace(one, face=turned)
            track = follow(track, shown, None, usable=True, number=0, turns=asked)
        assert track is not None and bool(track.turns) is asked
        assert (track.turning is not None) is asked
        assert track.turning is None or abs(track.turning) < 0.01


def test_an_unusable_frame_is_no_evidence() -> None:
    track = follow(living(30), seen(30, alive(30)), None, usable=False, number=0)
    assert track is not None and track.evidence is None


def test_a_face_elsewhere_is_another_track() -> None:
    track = follow(living(30), seen(30, alive(30), x=300), None, usable=True, number=5)
    assert track is not None and (track.number, len(track.sightings)) == (5, 1)


def test_a_gap_and_a_clock_that_runs_backwards_end_it() -> None:
    track = living(5)
    for t in (track.last.t + MAX_GAP_S + 0.1, track.last.t - 0.01):
        new = follow(track, seen(5, alive(5), t=t), None, usable=True, number=3)
        assert new is not None and (new.number, len(new.sightings)) == (3, 1)
