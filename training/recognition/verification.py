"""1:1 figures of a set of embeddings: operating points, claims, folds, confusion, impostor curve.

Every rate comes with two 95 % intervals: `exact`, as if comparisons were independent, and `people`,
by drawing identities (`edge.pair_bootstrap`). They differ by how much pairs share people.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.all_pairs import Comparisons
from edge.bootstrap import Limits
from edge.calibration.evidence import needed, worst_upper
from edge.intervals import upper_bound
from edge.metrics import Rate, crossing, ten_fold_accuracy
from edge.pair_bootstrap import IdentityBootstrap, Replicates
from edge.score_histogram import BINS, Histogram, det, edge_of

FARS = (1e-3, 1e-4, 1e-5, 1e-6)
FOLDS, PER_FOLD = 10, 300
"""LFW's own protocol: ten folds of 300 pairs of one person and 300 of two."""
CURVE_GRID = tuple(m * 10.0**-e for e in range(1, 8) for m in ((1,) if e == 1 else (5, 2, 1)))
LEAST_PEOPLE_PAIRS = 10
"""Fewer different pairs of people with an error say nothing of how people differ."""
T_NINE = 2.2622
"""97.5 % quantile of Student's t with nine degrees of freedom: ten folds."""


class Interval(Protocol):
    """A two-sided interval over people, however it was found."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def rate(count: int, trials: int, limits: Interval | None) -> dict[str, Any] | None:
    """`count` of `trials` with both intervals as plain data; None without trials.

    upper, lower: exact one-sided limits.
    """
    if trials == 0:
        return None
    told = Rate(count, trials)
    return {
        "value": told.value,
        "count": count,
        "trials": trials,
        "exact": list(told.interval),
        "people": None if limits is None else [limits.low, limits.high],
        "upper": upper_bound(count, trials),
        "lower": 1 - upper_bound(trials - count, trials),
    }


def false_matches(all_pairs: Comparisons, boot: IdentityBootstrap, at: float) -> Any:
    """FMR at a threshold as `rate`."""
    impostor = all_pairs.impostor
    return rate(impostor.at_or_above(at), impostor.total, boot.fmr(at))


def false_non_matches(all_pairs: Comparisons, boot: IdentityBootstrap, at: float) -> Any:
    """FNMR at a threshold as `rate`."""
    genuine = all_pairs.genuine
    return rate(genuine.total - genuine.at_or_above(at), genuine.total, boot.fnmr(at))


def operating_points(
    all_pairs: Comparisons, boot: IdentityBootstrap, draws: Replicates
) -> list[dict[str, Any]]:
    """TAR at each of `FARS`, the threshold read off the same pairs.

    A rate for which the pairs give no threshold is left out.
    """
    genuine, impostor = all_pairs.genuine, all_pairs.impostor
    points = []
    for far in FARS:
        if not impostor.supports(far):
            continue
        threshold = impostor.threshold_at(far)
        accepted = genuine.at_or_above(threshold)
        both = draws.tar_at_far(far)
        points.append(
            {
                "far": far,
                "threshold": threshold,
                "threshold_people": None if both is None else [both[1].low, both[1].high],
                "tar": rate(accepted, genuine.total, None if both is None else both[0]),
                "fmr": false_matches(all_pairs, boot, threshold),
            }
        )
    return points


def claims(
    all_pairs: Comparisons, boot: IdentityBootstrap, draws: Replicates
) -> list[dict[str, Any]]:
    """For each of `FARS` the lowest threshold at which the data demonstrate it, and what it costs.

    `verdict`: "demonstrated" where the one-sided 95 % upper limit is at most the target both if
    pairs were independent and over identities, with errors of at least `LEAST_PEOPLE_PAIRS` pairs
    of people; "if pairs were independent" where only the former holds; else "not
    demonstrated". `worst_upper` is the limit whatever the dependence between pairs.
    """
    impostor, genuine = all_pairs.impostor, all_pairs.genuine
    found = []
    for far in FARS:
        alone = _lowest(lambda k, far=far: _exact_upper(impostor, k) <= far)
        claim: dict[str, Any] = {
            "far": far,
            "trials": impostor.total,
            "needed": needed(far),
            "verdict": "not demonstrated",
        }
        if alone is not None:
            threshold = _demonstrating(all_pairs, boot, draws, far)
            verdict = "demonstrated"
            if threshold is None:
                verdict, threshold = "if pairs were independent", float(edge_of(alone))
            accepted = genuine.at_or_above(threshold)
            claim |= {
                "verdict": verdict,
                "threshold": threshold,
                "fmr": false_matches(all_pairs, boot, threshold),
                "people_upper": None if (upper := boot.fmr(threshold)) is None else upper.upper,
                "people_pairs": _people_pairs(all_pairs, threshold),
                "worst_upper": _worst(all_pairs, threshold),
                "tar": rate(accepted, genuine.total, _turned(boot.fnmr(threshold))),
            }
        found.append(claim)
    return found


def _demonstrating(
    all_pairs: Comparisons, boot: IdentityBootstrap, draws: Replicates, far: float
) -> float | None:
    """The lowest threshold of the grid with both upper limits at most `far`, or None."""

    def holds(threshold: float) -> bool:
        errors, total = all_pairs.impostor.at_or_above(threshold), all_pairs.impostor.total
        limits = boot.fmr(threshold)
        exact = upper_bound(errors, total) <= far
        return exact and limits is not None and limits.upper <= far

    grid = draws.threshold  # falling, so the rates rise along it
    low, high = -1, len(grid)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(float(grid[middle])) else (low, middle)
    if low < 0 or _people_pairs(all_pairs, float(grid[low])) < LEAST_PEOPLE_PAIRS:
        return None
    return float(grid[low])


def _worst(all_pairs: Comparisons, threshold: float) -> float:
    """Limit of the rate of pairs of people, each the mean of its pictures, for any dependence."""
    pairs = all_pairs.pairs
    count = int(np.searchsorted(-pairs.impostor, -threshold, side="right"))
    people = len(pairs.faces)
    weights = 1 / (pairs.faces[pairs.first[:count]] * pairs.faces[pairs.second[:count]])
    return worst_upper(float(weights.sum()) / (people * (people - 1) / 2), people)


def _turned(limits: Limits | None) -> Limits | None:
    """Of the rate's complement."""
    return None if limits is None else Limits(1 - limits.high, 1 - limits.low, 1 - limits.low)


def folds_accuracy(
    embeddings: NDArray[np.float32], people: NDArray[np.int64], seed: int = 0
) -> dict[str, Any] | None:
    """Accuracy over ten random balanced folds that share no person, as mean, error and interval.

    None where a fold lacks pairs of either kind: too few people.
    """
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
        if count == 0:
            return None
        for kind in (True, False):
            choice = rng.choice(np.nonzero(alike == kind)[0], count, replace=False)
            scores.append(np.einsum("ij,ij->i", rows[a[choice]], rows[b[choice]]))
            same.append(np.full(len(choice), kind))
            folds.append(np.full(len(choice), fold))
    mean, error = ten_fold_accuracy(
        np.concatenate(scores), np.concatenate(same), np.concatenate(folds)
    )
    return {
        "accuracy": mean,
        "standard_error": error,
        "interval": [max(mean - T_NINE * error, 0.0), min(mean + T_NINE * error, 1.0)],
        "pairs": int(sum(len(part) for part in scores)),
    }


def summary(all_pairs: Comparisons, draws: Replicates) -> dict[str, Any]:
    """AUC and EER with intervals over identities.

    AUC: normal, of the first-order influence of each person. EER: percentiles of the draws. Both
    None without genuine pairs.
    """
    if not all_pairs.genuine.total:
        return {"auc": None, "eer": None}
    spread = 1.96 * math.sqrt(float((all_pairs.auc_influence**2).sum()))
    value, limits = all_pairs.auc, draws.eer()
    curve = det(all_pairs.genuine, all_pairs.impostor)
    return {
        "auc": {"value": value, "people": [max(value - spread, 0.0), min(value + spread, 1.0)]},
        "eer": {
            "value": crossing(curve),
            "people": None if limits is None else [limits.low, limits.high],
        },
    }


def confusion(all_pairs: Comparisons, boot: IdentityBootstrap, threshold: float) -> dict[str, Any]:
    """Counts of all pairs at one threshold, and the rates that they make.

    `accuracy` is over all pairs, nearly all of which are of two people; `balanced_accuracy` gives
    both kinds the same weight.
    """
    genuine, impostor = all_pairs.genuine, all_pairs.impostor
    right, wrong = genuine.at_or_above(threshold), impostor.at_or_above(threshold)
    balanced = None
    if genuine.total:
        balanced = (right / genuine.total + 1 - wrong / impostor.total) / 2
    total = genuine.total + impostor.total
    return {
        "threshold": threshold,
        "true_match": right,
        "false_non_match": genuine.total - right,
        "false_match": wrong,
        "true_non_match": impostor.total - wrong,
        "accuracy": Rate(right + impostor.total - wrong, total).value,
        "balanced_accuracy": balanced,
        "fmr": false_matches(all_pairs, boot, threshold),
        "fnmr": false_non_matches(all_pairs, boot, threshold),
    }


def impostor_curve(all_pairs: Comparisons) -> list[dict[str, float]]:
    """Scores for rates from 0.1 down to the rarest that these data support, on the safe side.

    The score of a rate is the lowest at which the 95 % upper limit of the match rate, not the
    rate itself, is below it. The curve ends at `LEAST_PEOPLE_PAIRS`.
    """
    curve: list[dict[str, float]] = []
    for target in CURVE_GRID:
        lowest = _lowest(lambda k, t=target: _exact_upper(all_pairs.impostor, k) <= t)
        if lowest is None:
            break
        score = round(float(edge_of(lowest)), 5)
        if _people_pairs(all_pairs, score) < LEAST_PEOPLE_PAIRS:
            break
        curve.append({"fmr": float(f"{target:.0e}"), "score": score})
    return curve


def _exact_upper(impostor: Histogram, k: int) -> float:
    return upper_bound(impostor.at_or_above(float(edge_of(k))), impostor.total)


def _lowest(fits: Any) -> int | None:
    """The lowest bin that fits, where all above one that fits do; None if not even the last."""
    low, high = 0, BINS
    if not fits(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def _people_pairs(all_pairs: Comparisons, threshold: float) -> int:
    """Different pairs of different people with a score at or above `threshold`.

    Where the threshold lies below the listed pairs, those listed are counted: there are more.
    """
    pairs = all_pairs.pairs
    count = int(np.searchsorted(-pairs.impostor, -threshold, side="right"))
    a, b = pairs.first[:count], pairs.second[:count]
    codes = np.minimum(a, b) * len(pairs.faces) + np.maximum(a, b)
    return int(np.unique(codes).size)


def of_pack(
    all_pairs: Comparisons, boot: IdentityBootstrap, stated: Sequence[tuple[str, float, float]]
) -> list[dict[str, Any]]:
    """What the thresholds that a pack states do on these data: (name, stated FMR, threshold)."""
    return [
        {
            "name": name,
            "stated_fmr": rate_stated,
            "threshold": threshold,
            "fmr": false_matches(all_pairs, boot, threshold),
            "fnmr": false_non_matches(all_pairs, boot, threshold),
        }
        for name, rate_stated, threshold in stated
    ]
