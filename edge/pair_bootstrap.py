"""Intervals of error rates over all pairs, by drawing identities (NumPy only).

Pairs share people. Whoever resembles many is in many false matches at once, so that rates of
millions of pairs are as uncertain as thousands of people make them, and intervals that take pairs
as independent are too narrow. Here people are drawn with replacement instead. With w_a the
number of times that person a was drawn,

    FMR*  = sum of w_a w_b m_ab / sum of w_a w_b c_ab   over pairs of different people a < b,
    FNMR* = sum of w_a f_a / sum of w_a g_a             over people,

where c_ab are the comparisons of a with b and m_ab those that match, g_a the genuine comparisons of
a and f_a those that do not. This is the vertex bootstrap (Snijders and Borgatti 1999; Fogliato,
Patil and Perona 2024), not the subset bootstrap (Bolle, Ratha and Pankanti 1999), which draws one
side of a pair only and is too narrow (Li et al. 2009). Two draws of one person are never paired: a
picture against itself is no comparison, and counting such pairs as matches or as impostors moves
the replicates away from the estimate (Conti and Clemencon 2024, who recentre for that reason).
Without them E[w_a w_b] is the same for all pairs, and replicates need no recentring.

Rates at a given threshold get BCa limits (Efron 1987), whose acceleration comes from each person's
influence; they are widened to the exact binomial interval where that is wider, since sharing people
never adds evidence. Rates at a threshold that is itself estimated get percentile limits. Where
errors are so rare that hardly anybody takes part in two, the weights count the chance of a single
pair about three times, and the limits are too wide rather than too narrow. With few people who
differ much they are too narrow: tests/edge/test_pair_bootstrap.py says what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bootstrap import Limits, draws, rate_limits, ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FINE, COARSE = 200, 400
"""Replicates are computed at the highest scores one by one, then at steps of equal ratio."""


@dataclass(frozen=True, eq=False)
class PairScores:
    """Scores of pairs with the people of each.

    faces: (P,) how many faces each person has. genuine, impostor: scores, highest first;
    genuine_person, first, second: the people of each, 0..P-1. complete_from: all impostor pairs
    with this score or more are listed; -inf where the list is whole.
    """

    faces: Ints
    genuine: Floats
    genuine_person: Ints
    impostor: Floats
    first: Ints
    second: Ints
    complete_from: float

    def __post_init__(self) -> None:
        for scores in (self.genuine, self.impostor):
            if not np.isfinite(scores).all() or (np.diff(scores) > 0).any():
                raise ValueError("scores must be finite and sorted, the highest first")
        sizes = len(self.genuine) - len(self.genuine_person), len(self.impostor) - len(self.first)
        if any(sizes) or len(self.first) != len(self.second):
            raise ValueError("each score needs the people that it belongs to")
        if (self.first == self.second).any():
            raise ValueError("an impostor pair is of two people")

    @property
    def impostor_total(self) -> int:
        """How many impostor comparisons there are, listed or not."""
        return (int(self.faces.sum()) ** 2 - int((self.faces**2).sum())) // 2

    @property
    def genuine_total(self) -> int:
        """How many genuine comparisons there are."""
        return len(self.genuine)


class IdentityBootstrap:
    """Intervals for one set of pairs.

    repetitions: how many times people are drawn. Raises ValueError for fewer than two people.
    """

    def __init__(
        self,
        pairs: PairScores,
        *,
        repetitions: int = 1000,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> None:
        people = len(pairs.faces)
        if people < 2 or repetitions < 1:
            raise ValueError(f"{people} people drawn {repetitions} times give no interval")
        self.pairs, self.confidence = pairs, confidence
        weights = draws(people, repetitions, seed)
        self._weights = weights.astype(np.int32)
        faces = weights * pairs.faces
        self._impostors = (faces.sum(axis=1) ** 2 - (faces**2).sum(axis=1)) / 2
        genuine = np.bincount(pairs.genuine_person, minlength=people)
        self._genuine = (weights @ genuine).astype(np.float64)

    def fmr(self, threshold: float) -> Limits | None:
        """Of the false match rate at a threshold; None below `complete_from`, or without pairs."""
        pairs = self.pairs
        if threshold < pairs.complete_from or not pairs.impostor_total:
            return None
        count = _at_or_above(pairs.impostor, threshold)
        first, second = pairs.first[:count], pairs.second[:count]
        sums = np.array([float(np.dot(w[first], w[second])) for w in self._weights])
        people = len(pairs.faces)
        matches = np.bincount(first, minlength=people) + np.bincount(second, minlength=people)
        with_others = pairs.faces * (pairs.faces.sum() - pairs.faces)
        rate = count / pairs.impostor_total
        influence = matches - rate * with_others
        return rate_limits(
            ratio(sums, self._impostors), count, pairs.impostor_total, influence, self.confidence
        )

    def fnmr(self, threshold: float) -> Limits | None:
        """Of the false non-match rate at a threshold; None without genuine pairs."""
        pairs = self.pairs
        if not pairs.genuine_total:
            return None
        below = pairs.genuine_total - _at_or_above(pairs.genuine, threshold)
        people, owners = len(pairs.faces), pairs.genuine_person
        errors = np.bincount(owners[pairs.genuine_total - below :], minlength=people)
        trials = np.bincount(owners, minlength=people)
        influence = errors - below / pairs.genuine_total * trials
        sums = (self._weights @ errors).astype(np.float64)
        return rate_limits(
            ratio(sums, self._genuine), below, pairs.genuine_total, influence, self.confidence
        )

    def replicates(self) -> Replicates:
        """Both rates of every draw over a grid of thresholds, for what is read off the curve."""
        pairs = self.pairs
        thresholds = _grid(pairs.impostor)
        ends = np.searchsorted(-pairs.impostor, -thresholds, side="right")
        starts = np.concatenate([[0], ends[:-1]])
        genuine_ends = np.searchsorted(-pairs.genuine, -thresholds, side="right")
        shape = len(self._weights), len(thresholds)
        fmr, fnmr = np.empty(shape), np.empty(shape)
        used = int(ends[-1]) if len(ends) else 0
        first, second = pairs.first[:used], pairs.second[:used]
        for r, w in enumerate(self._weights):
            if used:
                counts = np.add.reduceat(w[first] * w[second], starts)
                fmr[r] = ratio(np.cumsum(counts), self._impostors[r])
            matched = np.append(0, np.cumsum(w[pairs.genuine_person]))
            fnmr[r] = 1 - ratio(matched[genuine_ends], self._genuine[r])
        return Replicates(thresholds, fmr, fnmr, self.confidence)


@dataclass(frozen=True, eq=False)
class Replicates:
    """Rates of each draw (B, T) at thresholds (T,), falling."""

    threshold: Floats
    fmr: Floats
    fnmr: Floats
    confidence: float

    def tar_at_far(self, far: float) -> tuple[Limits, Limits] | None:
        """Of the TAR and of the threshold, where each draw takes the threshold of its own FAR.

        None where a draw's FAR does not reach `far` within the listed pairs: the interval would
        be a guess.
        """
        fmr, fnmr = self._whole()
        fits = fmr <= far
        if not fits.size or fits[:, -1].any():
            return None
        at = fits.sum(axis=1) - 1  # the rates rise along a row; -1: not even the first fits
        rows = np.arange(len(at))
        tar = np.where(at < 0, 0.0, 1 - fnmr[rows, at])
        return self._percentiles(tar), self._percentiles(self.threshold[np.maximum(at, 0)])

    def eer(self) -> Limits | None:
        """Of the equal error rate; None where a draw's rates do not meet in the listed pairs."""
        fmr, fnmr = self._whole()
        crossed = fmr >= fnmr
        if not crossed.size or not crossed[:, -1].all():
            return None
        at, rows = crossed.argmax(axis=1), np.arange(len(crossed))
        return self._percentiles((fmr[rows, at] + fnmr[rows, at]) / 2)

    def _whole(self) -> tuple[Floats, Floats]:
        """Both rates of the draws that have pairs of both kinds."""
        kept = np.isfinite(self.fmr).all(axis=1) & np.isfinite(self.fnmr).all(axis=1)
        return self.fmr[kept], self.fnmr[kept]

    def _percentiles(self, values: Floats) -> Limits:
        tail = (1 - self.confidence) / 2
        return Limits(*(float(v) for v in np.quantile(values, [tail, 1 - tail, self.confidence])))


def _grid(scores: Floats) -> Floats:
    """Distinct scores, falling: the highest one by one, then equally many to a ratio of ranks."""
    if not len(scores):
        return scores
    last = len(scores) - 1
    start = min(FINE, last + 1)
    later = np.geomspace(max(start, 1), last + 1, COARSE).astype(np.int64) - 1
    picked = np.unique(np.concatenate([np.arange(start), np.minimum(later, last)]))
    return np.unique(scores[picked])[::-1]


def _at_or_above(falling: Floats, threshold: float) -> int:
    return int(np.searchsorted(-falling, -threshold, side="right"))
