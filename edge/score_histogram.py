"""Scores of very many comparisons as a histogram: memory does not grow with the comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.metrics import Det

BINS = 200_000
"""Cosines -1..1 in steps of 1e-5."""


def bins_of(scores: NDArray[np.floating]) -> NDArray[np.intp]:
    """The bin of each cosine; what rounding put outside -1..1 is put back."""
    steps: NDArray[np.floating] = (np.clip(scores, -1.0, 1.0) + 1.0) * (BINS / 2)
    return steps.astype(np.intp)


def edge_of(bins: int | NDArray[np.integer]) -> NDArray[np.float64]:
    """The score of bin k, its lower edge: -1 + 2 k / BINS."""
    return np.asarray(-1.0 + 2.0 * np.asarray(bins, np.float64) / BINS)


def edge_below(score: float) -> float:
    """The bin edge at or below a score: a threshold there is met by all that lies in its bin."""
    return float(edge_of(max(_bin_below(score), 0)))


def _bin_below(score: float) -> int:
    return int(np.floor((score + 1.0) * (BINS / 2) + 1e-6))


@dataclass
class Histogram:
    """Counts of cosines, bin by bin; a score counts as its bin's lower edge."""

    counts: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Histogram:
        """No scores yet."""
        return cls(np.zeros(BINS + 1, np.int64))

    def add(self, scores: NDArray[np.floating]) -> None:
        """Counts `scores`, cosines of any shape."""
        self.counts += np.bincount(bins_of(scores).ravel(), minlength=BINS + 1)

    @property
    def total(self) -> int:
        """How many scores."""
        return int(self.counts.sum())

    def at_or_above(self, threshold: float) -> int:
        """How many scores are at or above the bin edge at or below `threshold`."""
        return int(self.counts[max(_bin_below(threshold), 0) :].sum())

    def threshold_at(self, rate: float) -> float:
        """The lowest bin edge at or above which at most `rate` of the scores lie.

        Never on the lenient side: scores inside a bin count as its lower edge. ValueError when
        no score was added, or every bin holds more than the rate allows.
        """
        if self.total == 0:
            raise ValueError("no scores")
        fitting = np.nonzero(self.above() <= rate * self.total)[0]
        if fitting.size == 0:
            raise ValueError(f"scores of 1 alone exceed the rate {rate:g}")
        return float(edge_of(int(fitting[0])))

    def supports(self, rate: float) -> bool:
        """Whether these scores give a threshold for a rate, and one that is no guess.

        At least one score must be allowed above it, and scores of 1, as of one picture that is
        there under two names, must not exceed the rate by themselves.
        """
        return max(1, int(self.counts[-1])) <= rate * self.total

    def above(self) -> NDArray[np.int64]:
        """(BINS + 1,) how many scores are at or above each bin's edge."""
        return np.cumsum(self.counts[::-1])[::-1]


def det(genuine: Histogram, impostor: Histogram) -> Det:
    """The error trade-off over the bins that hold a score. ValueError when either is empty."""
    if not genuine.total or not impostor.total:
        raise ValueError("genuine and impostor scores are both needed")
    used = np.nonzero(genuine.counts + impostor.counts)[0]
    fmr = impostor.above()[used] / impostor.total
    fnmr = 1.0 - genuine.above()[used] / genuine.total
    return Det(
        np.append(edge_of(used), np.inf), np.append(fmr, 0.0), np.append(np.maximum(fnmr, 0.0), 1.0)
    )


def placements(histogram: Histogram) -> NDArray[np.float64]:
    """(BINS + 1,) share of the scores above each bin, those inside it counted half."""
    above = histogram.above().astype(np.float64)
    return np.asarray((above - histogram.counts / 2) / histogram.total)
