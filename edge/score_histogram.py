"""All-pairs scores of many embeddings as a histogram: memory does not grow with the pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 200_000
"""Cosines -1..1 in steps of 1e-5."""


@dataclass
class Histogram:
    """Counts of cosines; the score of bin k is its lower edge, -1 + 2 k / BINS."""

    counts: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Histogram:
        """No scores yet."""
        return cls(np.zeros(BINS + 1, np.int64))

    def add(self, scores: NDArray[np.floating]) -> None:
        """Counts `scores`, cosines; what rounding put outside -1..1 is put back."""
        bins = ((np.clip(scores, -1.0, 1.0) + 1.0) * (BINS / 2)).astype(np.int64)
        self.counts += np.bincount(bins.ravel(), minlength=BINS + 1)

    @property
    def total(self) -> int:
        """How many scores."""
        return int(self.counts.sum())

    def at_or_above(self, threshold: float) -> int:
        """How many scores are at or above the bin edge at or below `threshold`."""
        k = int(np.floor((threshold + 1.0) * (BINS / 2) + 1e-6))
        return int(self.counts[max(k, 0) :].sum())

    def threshold_at(self, rate: float) -> float:
        """The lowest bin edge at or above which at most `rate` of the scores lie.

        Never on the lenient side: scores inside a bin count as its lower edge. ValueError when
        no score was added, or every bin holds more than the rate allows.
        """
        if self.total == 0:
            raise ValueError("no scores")
        above = np.cumsum(self.counts[::-1])[::-1]
        fitting = np.nonzero(above <= rate * self.total)[0]
        if fitting.size == 0:
            raise ValueError(f"scores of 1 alone exceed the rate {rate:g}")
        return float(-1.0 + 2.0 * fitting[0] / BINS)


def all_pairs(
    embeddings: NDArray[np.floating], people: NDArray[np.integer], block: int = 512
) -> tuple[Histogram, Histogram]:
    """Histograms (genuine, impostor) of the cosine of every unordered pair of different rows.

    Args:
        embeddings: (N, D); rows need not be normalised. ValueError for a row that is zero or
            not finite.
        people: (N,) identity of each row.
        block: rows taken at once; memory is about `block` x N scores.
    """
    genuine, impostor = Histogram.empty(), Histogram.empty()
    for scores, same in pair_blocks(embeddings, people, block):
        genuine.add(scores[same])
        impostor.add(scores[~same])
    return genuine, impostor


def pair_blocks(
    embeddings: NDArray[np.floating], people: NDArray[np.integer], block: int = 512
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """The same pairs, block by block, as flat (scores, of one person)."""
    rows = np.asarray(embeddings, np.float32)
    who = np.asarray(people)
    if rows.ndim != 2 or who.shape != rows.shape[:1]:
        raise ValueError(f"{rows.shape} embeddings do not go with {who.shape} identities")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(norms).all() and (norms > 0).all()):
        raise ValueError("an embedding is zero or not finite")
    rows = rows / norms
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        later = np.arange(len(rows))[None] > np.arange(start, start + len(part))[:, None]
        same = who[start : start + len(part), None] == who[None]
        yield (part @ rows.T)[later], same[later]
