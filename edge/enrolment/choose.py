"""Which candidates become templates. Pure.

First those that are not the same person as most are set aside, then a few are taken that are
good and differ in pose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.enrolment.candidate import Candidate
from edge.faces.blink import CLOSED

YAW_STEP = 12.0
PITCH_STEP = 10.0
"""A turn by this many degrees makes another view, as far as embedders are concerned."""
TIME_STEP = 2.0
"""Seconds after which a face has had the time to look different without turning."""
TIME_WEIGHT = 0.3
LOOKS_WEIGHT = 0.1
"""Weights of time, and of looks as different as one person's may be, against one step of pose.
Pose leads; where a film has little of it, frames are spread over time and appearance instead."""


def cosines(candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """(n, n) cosine of each with each."""
    vectors = np.stack([c.vector for c in candidates]).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors @ vectors.T)


def mean_vector(candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """Their mean direction, length 1."""
    vectors = np.stack([c.vector for c in candidates]).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    mean = vectors.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def cosine_to(mean: NDArray[np.float32], one: Candidate) -> float:
    """Cosine of a candidate with a mean direction."""
    v = one.vector.astype(np.float64)
    return float(v @ mean.astype(np.float64) / np.linalg.norm(v))


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without exact repetitions of a face: a copy of a picture says nothing new."""
    first: dict[int, Candidate] = {}
    for c in candidates:
        first.setdefault(c.fingerprint, c)
    return list(first.values())


def one_person(candidates: Sequence[Candidate], bound: float) -> list[Candidate]:
    """Those that agree, by cosine >= `bound`, with the one that most agree with.

    The caller refuses when they are no majority: then it is not known whose face is meant.
    """
    if not candidates:
        return []
    alike = cosines(candidates)
    # Ties go to the one that is most alike in sum.
    centre = max(
        range(len(candidates)), key=lambda i: (int((alike[i] >= bound).sum()), alike[i].sum())
    )
    return [c for c, score in zip(candidates, alike[centre], strict=True) if score >= bound]


def turn_between(a: Candidate, b: Candidate) -> float:
    """Degrees between two poses, roll left out: a similarity transform takes it away."""
    return math.hypot(a.pose.yaw - b.pose.yaw, a.pose.pitch - b.pose.pitch)


def pose_spread(candidates: Sequence[Candidate]) -> float:
    """The largest turn between any two, degrees."""
    return max((turn_between(a, b) for a in candidates for b in candidates), default=0.0)


def _difference(a: Candidate, b: Candidate, bound: float) -> float:
    pose = math.hypot(
        (a.pose.yaw - b.pose.yaw) / YAW_STEP, (a.pose.pitch - b.pose.pitch) / PITCH_STEP
    )
    later = min(1.0, abs(a.t - b.t) / TIME_STEP)
    # Against what the pack's embedder makes of one person: another spreads people wider.
    looks = (1.0 - float(a.vector @ b.vector)) / max(1.0 - bound, 1e-3)
    return pose + TIME_WEIGHT * later + LOOKS_WEIGHT * looks


def spread(candidates: Sequence[Candidate], count: int, bound: float) -> list[Candidate]:
    """`count` of them (or all, if fewer), best first: quality, then quality times novelty.

    bound: cosine from which two are taken for one person, as in `one_person`.

    Closed eyes, judged against the person's own open ones, halve the quality. Greedy: the first
    is the best one; each next has the largest product of quality and of its difference from the
    nearest one taken, a difference of one step or more counting in full.
    """
    left = list(candidates)
    if not left:
        return []
    open_eyes = float(np.percentile([c.eyes for c in left], 80))
    worth = {id(c): c.quality * (0.5 if c.eyes < CLOSED * open_eyes else 1.0) for c in candidates}
    taken = [max(left, key=lambda c: worth[id(c)])]
    left.remove(taken[0])
    nearest = {id(c): _difference(c, taken[0], bound) for c in left}
    while left and len(taken) < count:
        best = max(left, key=lambda c: worth[id(c)] * min(1.0, nearest[id(c)]))
        left.remove(best)
        taken.append(best)
        for c in left:
            nearest[id(c)] = min(nearest[id(c)], _difference(c, best, bound))
    return taken
