"""Single frames of one camera: how alike people look before it, and what the pack's bounds do.

Frames of different films are compared. Those of one film are too alike to say anything.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import UndemonstratedTarget
from edge.packs.schema import ScoreDistribution
from edge.packs.scores import threshold
from edge.score_histogram import Histogram
from training.recognition.door.films import Film

RATES = (1e-3, 1e-5)
STEP = 1e-3
"""A shift is stated in steps of this."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one threshold does. people: pairs of people of whom any frames match.

    fmr, fnmr: shares of the pairs of frames; None without such pairs.
    """

    rate: float
    shifted: bool
    threshold: float
    fmr: float | None
    fnmr: float | None
    matched: int
    people: int


@dataclass(frozen=True, slots=True)
class Closest:
    """Two people and the highest cosine of a frame of each, with the films."""

    people: tuple[str, str]
    films: tuple[str, str]
    score: float


@dataclass(frozen=True, eq=False, slots=True)
class FrameScores:
    """Pairs of usable frames. closest: one for each pair of people, the most alike first."""

    frames: dict[str, int]
    genuine: Histogram
    impostor: Histogram
    closest: tuple[Closest, ...]

    @property
    def people(self) -> int:
        return len({name for pair in self.closest for name in pair.people})


def usable_vectors(film: Film) -> NDArray[np.float32]:
    """(n, D) embeddings, of unit length, of the frames that passed every frame gate."""
    kept = [
        o.face.embedding
        for o in film.observations
        if o.face is not None and o.face.embedding is not None
    ]
    return np.stack(kept) if kept else np.empty((0, 0), np.float32)


def compare(films: Sequence[Film]) -> FrameScores:
    """Every usable frame with every usable frame of every other film."""
    vectors = [(film, usable_vectors(film)) for film in films]
    genuine, impostor = Histogram.empty(), Histogram.empty()
    closest: dict[tuple[str, str], Closest] = {}
    for (one, a), (other, b) in itertools.combinations([v for v in vectors if len(v[1])], 2):
        scores = a @ b.T
        if one.person == other.person:
            genuine.add(scores)
            continue
        impostor.add(scores)
        (p, first), (q, second) = sorted([(one.person, one.name), (other.person, other.name)])
        best = Closest((p, q), (first, second), float(scores.max()))
        if (p, q) not in closest or best.score > closest[p, q].score:
            closest[p, q] = best
    order = sorted(closest.values(), key=lambda pair: -pair.score)
    counts = {film.name: len(v) for film, v in vectors}
    return FrameScores(counts, genuine, impostor, tuple(order))


def points(scores: FrameScores, pack: ScoreDistribution) -> list[Point]:
    """The pack's thresholds of `RATES` without and with its `same_camera_shift`.

    A rate that the pack's curve does not reach is left out.
    """
    plain = pack.model_copy(update={"same_camera_shift": 0.0})
    found = []
    for rate, (shifted, curve) in itertools.product(RATES, ((False, plain), (True, pack))):
        try:
            at = threshold(curve, rate)
        except UndemonstratedTarget:
            continue
        found.append(point(scores, rate, at, shifted=shifted))
    return found


def point(scores: FrameScores, rate: float, at: float, *, shifted: bool) -> Point:
    """What a threshold does to these frames."""
    genuine, impostor = scores.genuine, scores.impostor
    return Point(
        rate=rate,
        shifted=shifted,
        threshold=at,
        fmr=impostor.at_or_above(at) / impostor.total if impostor.total else None,
        fnmr=1 - genuine.at_or_above(at) / genuine.total if genuine.total else None,
        matched=sum(pair.score >= at for pair in scores.closest),
        people=len(scores.closest),
    )


def least_shift(scores: FrameScores, pack: ScoreDistribution, rate: float) -> float | None:
    """The smallest shift, in whole steps of `STEP`, at which no two people here match at `rate`.

    None where the curve does not reach the rate, or there is nobody to compare.
    """
    if not scores.closest:
        return None
    try:
        at = threshold(pack.model_copy(update={"same_camera_shift": 0.0}), rate)
    except UndemonstratedTarget:
        return None
    return whole_steps(scores.closest[0].score - at)


def whole_steps(excess: float) -> float:
    """The least number of `STEP`s above `excess`: what a bound must rise so that it is not met."""
    return 0.0 if excess < 0 else round((math.floor(excess / STEP + 1e-6) + 1) * STEP, 6)
