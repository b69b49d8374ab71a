"""Verification figures from embeddings: all pairs, folds split by identity, impostor curve."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.intervals import upper_bound
from edge.metrics import Rate, ten_fold_accuracy
from edge.score_histogram import Histogram, all_pairs

FARS = (1e-3, 1e-4, 1e-5)
FOLDS, PER_FOLD = 10, 300
"""LFW's own protocol: ten folds of 300 pairs of one person and 300 of two."""
CURVE_GRID = tuple(m * 10.0**-e for e in range(1, 8) for m in ((1,) if e == 1 else (5, 2, 1)))
LEAST_PEOPLE_PAIRS = 10
"""The curve ends where fewer different pairs of people than this have scores above it."""


@dataclass(frozen=True)
class OperatingPoint:
    """Genuine comparisons accepted at the threshold for a false accept rate."""

    far: float
    threshold: float
    tar: float
    tar_low: float
    tar_high: float
    far_measured: float
    far_low: float
    far_high: float


def operating_point(genuine: Histogram, impostor: Histogram, far: float) -> OperatingPoint:
    """TAR at `far` with exact 95 % intervals (pairs taken as independent, which they are not)."""
    threshold = impostor.threshold_at(far)
    tar = Rate(genuine.at_or_above(threshold), genuine.total)
    fmr = Rate(impostor.at_or_above(threshold), impostor.total)
    return OperatingPoint(far, threshold, tar.value, *tar.interval, fmr.value, *fmr.interval)


def folds_accuracy(
    embeddings: NDArray[np.float32], people: NDArray[np.int64], seed: int = 0
) -> tuple[float, float]:
    """Mean and standard error over ten random balanced folds that share no person."""
    rng = np.random.default_rng(seed)
    rows = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    fold_of = rng.permutation(int(people.max()) + 1) % FOLDS
    scores, same, folds = [], [], []
    for fold in range(FOLDS):
        members = np.nonzero(fold_of[people] == fold)[0]
        a, b = (members[k] for k in np.triu_indices(len(members), 1))
        alike = people[a] == people[b]
        # as many pairs of each kind, or answering "different" to all would score well
        count = min(PER_FOLD, int(alike.sum()), int((~alike).sum()))
        for kind in (True, False):
            choice = rng.choice(np.nonzero(alike == kind)[0], count, replace=False)
            scores.append(np.einsum("ij,ij->i", rows[a[choice]], rows[b[choice]]))
            same.append(np.full(len(choice), kind))
            folds.append(np.full(len(choice), fold))
    return ten_fold_accuracy(np.concatenate(scores), np.concatenate(same), np.concatenate(folds))


def impostor_curve(
    embeddings: NDArray[np.float32], people: NDArray[np.int64], impostor: Histogram
) -> list[dict[str, float]]:
    """Scores for rates from 0.1 down to the rarest that these data support, on the safe side.

    The score of a rate is the lowest at which the 95 % upper limit of the match rate, not the
    rate itself, is below it. The curve ends at `LEAST_PEOPLE_PAIRS`.
    """
    above = np.cumsum(impostor.counts[::-1])[::-1]
    curve: list[dict[str, float]] = []
    for rate in CURVE_GRID:
        # the upper limit rises with the count, so bisect over thresholds
        low, high = 0, len(above) - 1
        while low < high:
            middle = (low + high) // 2
            if upper_bound(int(above[middle]), impostor.total) <= rate:
                high = middle
            else:
                low = middle + 1
        score = round(-1.0 + 2.0 * low / (len(above) - 1), 5)
        if _people_pairs(embeddings, people, score) < LEAST_PEOPLE_PAIRS:
            break
        curve.append({"fmr": float(f"{rate:.0e}"), "score": score})
    return curve


def _people_pairs(
    embeddings: NDArray[np.float32], people: NDArray[np.int64], threshold: float
) -> int:
    """Different pairs of different people with a score at or above `threshold`; stops early."""
    rows = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    found: set[tuple[int, int]] = set()
    for start in range(0, len(rows), 512):
        part = people[start : start + 512]
        scores = rows[start : start + 512] @ rows.T
        i, j = np.nonzero((scores >= threshold) & (part[:, None] != people[None]))
        pairs = np.sort(np.stack([part[i], people[j]], axis=1), axis=1)
        found.update((int(a), int(b)) for a, b in pairs[: 10 * LEAST_PEOPLE_PAIRS])
        if len(found) >= LEAST_PEOPLE_PAIRS:
            break
    return len(found)


def report(embeddings: NDArray[np.float32], people: NDArray[np.int64]) -> dict[str, Any]:
    """All figures of a set of embeddings, ready for JSON. ValueError without both pair kinds."""
    genuine, impostor = all_pairs(embeddings, people)
    if not genuine.total or not impostor.total:
        raise ValueError("pictures of at least two people, one of them twice, are needed")
    accuracy, error = folds_accuracy(embeddings, people)
    return {
        "faces": len(embeddings),
        "people": int(np.unique(people).size),
        "genuine_pairs": genuine.total,
        "impostor_pairs": impostor.total,
        "points": [asdict(operating_point(genuine, impostor, far)) for far in FARS],
        "ten_fold_accuracy": accuracy,
        "ten_fold_standard_error": error,
        "impostor_curve": impostor_curve(embeddings, people, impostor),
    }
