"""Choosing, on made-up candidates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.enrolment import choose, hints
from edge.enrolment.candidate import Candidate
from edge.faces.observation import Pose, Quality
from edge.gates import Gate

AXIS = np.eye(32, dtype=np.float32)
BOUND = 0.95


def made(
    t: float = 0, yaw: float = 0, pitch: float = 0, quality: float = 0.8, eyes: float = 0.3,
    vector: int = 0,
) -> Candidate:  # fmt: skip
    measured = Quality(100, 0.4, 120, 0, 0.9)
    pose = Pose(yaw, pitch, 0)
    return Candidate(
        t, int(t * 10), pose, measured, quality, 0.9, eyes, AXIS[vector], hash((t, yaw)), None
    )


def test_the_best_comes_first_and_poses_apart_come_next() -> None:
    near = [made(t=0.1 * i, yaw=0.1 * i) for i in range(10)]
    left, right, up = made(yaw=-20), made(yaw=20), made(pitch=15)
    best = made(t=0.05, quality=0.95)
    taken = choose.spread([*near, left, right, up, best], 4, BOUND)
    assert taken[0] is best
    assert {id(c) for c in taken[1:]} == {id(left), id(right), id(up)}
    assert choose.pose_spread(taken) == 40


def test_without_turning_frames_lie_apart_in_time() -> None:
    taken = choose.spread([made(t=0.2 * i) for i in range(21)], 3, BOUND)
    times = sorted(c.t for c in taken)
    assert min(np.diff(times)) >= 1.8


def test_closed_eyes_are_taken_last() -> None:
    frames = [made(t=i, eyes=0.1 if i % 2 else 0.3) for i in range(8)]
    assert [c.eyes for c in choose.spread(frames, 4, BOUND)] == [0.3] * 4


def test_fewer_than_asked_for_are_all_taken() -> None:
    assert len(choose.spread([made(t=1), made(t=2)], 5, BOUND)) == 2
    assert choose.spread([], 5, BOUND) == []


def test_the_majority_is_the_person() -> None:
    mine = [made(t=i) for i in range(4)]
    others = [made(t=10 + i, vector=1 + i) for i in range(3)]
    assert choose.one_person([*others, *mine], 0.9) == mine
    assert choose.one_person([], 0.9) == []


def test_hints_start_with_the_most_basic() -> None:
    dark = Gate("exposure", 20, 45, 215)
    blurred = Gate("sharpness", 0.01, 0.1)
    far = Gate("size", 20, 40)
    assert hints.failing([blurred, far, dark]) == "too dark"
    assert hints.failing([blurred, far]) == "come closer"
    assert hints.failing([blurred]) == "hold still"
    assert hints.failing([Gate("one_face", 2, 1, 1), dark]) == "two faces: one person only"
    assert hints.failing([Gate("yaw", 50, -35, 35)]) == "look at the camera"
    assert hints.failing([Gate("size", 50, 40)]) is None


def test_the_pose_that_lacks_is_asked_for() -> None:
    """Sides are the person's own: yaw > 0 points to the picture's right, the person's left."""
    assert hints.wanted_pose([made()]) == "turn a little left"
    assert hints.wanted_pose([made(), made(yaw=10)]) == "turn a little right"
    sides = [made(), made(yaw=10), made(yaw=-10)]
    assert hints.wanted_pose(sides) == "look up a little"
    assert hints.wanted_pose([*sides, made(pitch=10)]) is None


def test_an_embedder_that_spreads_people_wider_chooses_alike() -> None:
    """What matters is a distance against what one person's may be, not the cosine itself."""
    rng = np.random.default_rng(1)
    views = [made(t=0.1 * i, yaw=float(rng.uniform(-9, 9))) for i in range(12)]
    directions = rng.normal(size=(len(views), 31))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def taken(bound: float) -> list[float]:
        # Cosine `bound` or so between any two of them.
        share = np.sqrt(bound)
        vectors = np.column_stack([np.full(len(views), share), np.sqrt(1 - bound) * directions])
        seen = [
            replace(c, vector=v.astype(np.float32)) for c, v in zip(views, vectors, strict=True)
        ]
        return [c.t for c in choose.spread(seen, 5, bound)]

    assert taken(0.97) == taken(0.5)
