"""Every pair of a set of embeddings, compared block by block in bounded memory.

87 million comparisons of 128 values take seconds. Kept are two histograms, all genuine scores,
and of the impostor pairs only the highest, with the people of each: what error rates and their
uncertainty (`edge.pair_bootstrap`) are computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.pair_bootstrap import PairScores
from edge.score_histogram import BINS, Histogram, bins_of, edge_below, edge_of, placements

ROWS, COLUMNS = 256, 2048
"""A block of scores: it stays in a core's cache."""
SHARE, LEAST, MOST = 0.02, 200_000, 2_000_000
"""Of the impostor pairs that are kept with their people: a share, within bounds."""


@dataclass(frozen=True, eq=False)
class Comparisons:
    """All pairs of a set.

    genuine, impostor: histograms. pairs: scores with people, for intervals over identities.
    auc_influence: (P,) by how much each person moves the AUC, to first order; their sum is 0.
    """

    genuine: Histogram
    impostor: Histogram
    pairs: PairScores
    auc_influence: NDArray[np.float64]

    @property
    def auc(self) -> float:
        """Chance that a genuine score lies above an impostor score, ties half; NaN without both."""
        if not self.genuine.total or not self.impostor.total:
            return float("nan")
        return float(placements(self.genuine) @ self.impostor.counts / self.impostor.total)


def compare(
    embeddings: NDArray[np.floating],
    people: NDArray[np.integer],
    *,
    keep_from: float | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Comparisons:
    """The cosine of every unordered pair of different rows.

    Args:
        embeddings: (N, D); rows need not be normalised. ValueError for a row that is zero or
            not finite.
        people: (N,) identity of each row, any integers.
        keep_from: keep the impostor pairs at or above this score, and no others; None keeps
            the highest, `SHARE` of them.
        watch: called with rows done and rows in all.
    """
    rows, who, faces = _sorted(embeddings, people)
    genuine, genuine_bins, genuine_person = _genuine(rows, faces)
    share = np.zeros(BINS + 2)
    if genuine.total:
        share[1:] = placements(genuine)
    impostor = np.zeros(BINS + 2, np.int64)
    highest = _Highest(keep_from, _most_kept(faces))
    sums = np.zeros(len(rows))
    for start, columns, codes in _blocks(rows, who, np.cumsum(faces)[who]):
        impostor += np.bincount(codes.ravel(), minlength=BINS + 2)
        highest.add(codes, start, columns, impostor)
        if genuine.total:
            placed = share[codes]
            sums[start : start + codes.shape[0]] += placed.sum(axis=1)
            sums[columns : columns + codes.shape[1]] += placed.sum(axis=0)
        if watch is not None and columns + codes.shape[1] == len(rows):
            watch(min(start + ROWS, len(rows)), len(rows))
    scores, first, second, floor = highest.result()
    told = Histogram(impostor[1:])
    pairs = PairScores(
        faces=faces,
        genuine=edge_of(genuine_bins),
        genuine_person=genuine_person,
        impostor=edge_of(scores),
        first=who[first],
        second=who[second],
        complete_from=floor,
    )
    person_sums = np.bincount(who, sums, len(faces)).astype(np.float64)
    return Comparisons(genuine, told, pairs, _influence(pairs, told, person_sums))


def _sorted(
    embeddings: NDArray[np.floating], people: NDArray[np.integer]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Unit rows sorted by person, the person 0..P-1 of each, and how many rows each has."""
    rows = np.asarray(embeddings, np.float32)
    who = np.asarray(people)
    if rows.ndim != 2 or who.shape != rows.shape[:1]:
        raise ValueError(f"{rows.shape} embeddings do not go with {who.shape} identities")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(norms).all() and (norms > 0).all()):
        raise ValueError("an embedding is zero or not finite")
    order = np.argsort(who, kind="stable")
    labels, faces = np.unique(who, return_inverse=True, return_counts=True)[1:]
    return (rows / norms)[order], labels[order].astype(np.int64), faces.astype(np.int64)


def _genuine(
    rows: NDArray[np.float32], faces: NDArray[np.int64]
) -> tuple[Histogram, NDArray[np.int64], NDArray[np.int64]]:
    """Histogram, bins and people of all pairs of one person, the highest score first."""
    found: list[NDArray[np.intp]] = []
    owners: list[NDArray[np.int64]] = []
    ends = np.cumsum(faces)
    for person in np.nonzero(faces > 1)[0]:
        mine = rows[ends[person] - faces[person] : ends[person]]
        for start in range(0, len(mine), ROWS):
            scores = mine[start : start + ROWS] @ mine.T
            later = np.arange(len(mine)) > np.arange(start, start + len(scores))[:, None]
            found.append(bins_of(scores[later]))
            owners.append(np.full(len(found[-1]), person))
    bins = np.concatenate(found) if found else np.empty(0, np.intp)
    people = np.concatenate(owners) if owners else np.empty(0, np.int64)
    order = np.argsort(-bins, kind="stable")
    counts = np.bincount(bins, minlength=BINS + 1).astype(np.int64)
    return Histogram(counts), bins[order].astype(np.int64), people[order]


def _blocks(
    rows: NDArray[np.float32], who: NDArray[np.int64], end: NDArray[np.int64]
) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
    """(first row, first column, codes) of the blocks at and above the diagonal.

    A code is the score's bin and one; 0 where there is no impostor pair: below the diagonal, on
    it, and within one person, whose rows are neighbours and end at `end`.
    """
    count = len(rows)
    for start in range(0, count, ROWS):
        part = rows[start : start + ROWS]
        ends = end[start : start + len(part)]
        for column in range(start, count, COLUMNS):
            scores = part @ rows[column : column + COLUMNS].T
            np.clip(scores, -1.0, 1.0, out=scores)
            scores += 1.0
            scores *= BINS / 2
            codes = scores.astype(np.intp)
            codes += 1
            if column < ends[-1]:
                columns = np.arange(column, column + codes.shape[1])
                codes[columns < ends[:, None]] = 0
            yield start, column, codes


def _most_kept(faces: NDArray[np.int64]) -> int:
    total = (int(faces.sum()) ** 2 - int((faces**2).sum())) // 2
    return min(max(int(SHARE * total), LEAST), MOST)


class _Highest:
    """The impostor pairs with the highest scores: those from a given one on, or so many."""

    def __init__(self, keep_from: float | None, most: int) -> None:
        self.most = most if keep_from is None else None
        self.floor = 1 if keep_from is None else _code(keep_from)
        self.parts: list[tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]] = []

    def add(
        self, codes: NDArray[np.intp], start: int, column: int, counts: NDArray[np.int64]
    ) -> None:
        """counts: of all codes so far, these included; they tell how high the floor may rise."""
        if self.most is not None:
            above = np.cumsum(counts[:0:-1])
            enough = int(np.searchsorted(above, self.most, side="right"))
            self.floor = max(self.floor, len(counts) - enough)
        where = np.flatnonzero(codes.ravel() >= self.floor)
        i, j = np.divmod(where, codes.shape[1])
        self.parts.append((codes.ravel()[where], i + start, j + column))
        held = sum(len(part[0]) for part in self.parts)
        if self.most is not None and held > 2 * self.most:
            self.parts = [self._above()]

    def _above(self) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
        if not self.parts:
            none = np.empty(0, np.int64)
            return np.empty(0, np.intp), none, none
        codes, i, j = (np.concatenate([part[k] for part in self.parts]) for k in range(3))
        kept = codes >= self.floor
        return codes[kept], i[kept], j[kept]

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], float]:
        """Bins, highest first, the rows of both faces, and the score from which on all are here."""
        codes, i, j = self._above()
        order = np.argsort(-codes, kind="stable")
        floor = -np.inf if self.floor <= 1 else float(edge_of(self.floor - 1))
        return (codes - 1)[order].astype(np.int64), i[order], j[order], floor


def _code(score: float) -> int:
    return int(bins_of(np.array(edge_below(score) + 0.25 / BINS))) + 1


def _influence(
    pairs: PairScores, impostor: Histogram, sums: NDArray[np.float64]
) -> NDArray[np.float64]:
    """First-order influence of each person on the AUC: through impostor and genuine pairs.

    sums: (P,) of the placements of a person's impostor scores among the genuine ones.
    """
    nothing = np.zeros(len(pairs.faces))
    genuine, total = len(pairs.genuine), impostor.total
    if not genuine or not total:
        return nothing
    faces = pairs.faces
    with_others = faces * (faces.sum() - faces)
    auc = sums.sum() / 2 / total
    below = 1.0 - placements(impostor)[np.rint((pairs.genuine + 1) * BINS / 2).astype(np.intp)]
    own = np.bincount(pairs.genuine_person, below, len(faces))
    counts = np.bincount(pairs.genuine_person, minlength=len(faces))
    return np.asarray((sums - auc * with_others) / total + (own - auc * counts) / genuine)
