"""Error rates of recognition, with exact intervals (NumPy only).

Words follow ISO/IEC 19795-1. A comparison *matches* when its score is at or above the threshold;
higher means more alike. Presentation attacks: `edge.presentation`.

Every rate is a `Rate`: errors out of trials, with its exact interval. Trials are taken as
independent; comparisons that share a person are not, so these intervals are too narrow over all
pairs of a data set. `edge.pair_bootstrap` has those that draw people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge.intervals import clopper_pearson, upper_bound

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """`errors` out of `trials`, with the exact (Clopper-Pearson) two-sided interval."""

    errors: int
    trials: int
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.errors <= self.trials or self.trials == 0:
            raise ValueError(f"{self.errors} errors of {self.trials} trials is no rate")

    @property
    def value(self) -> float:
        """The fraction, 0..1."""
        return self.errors / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit, 0..1."""
        return clopper_pearson(self.errors, self.trials, self.confidence)

    def demonstrates(self, bound: float) -> bool:
        """Whether these trials show, one-sided at `confidence`, that the rate is <= `bound`.

        Without an error that takes about 3/bound trials at 95 % (rule of three).
        """
        return upper_bound(self.errors, self.trials, self.confidence) <= bound

    def __str__(self) -> str:
        low, high = self.interval
        text = f"{self.value:.4g} [{low:.3g}, {high:.3g}] ({self.errors}/{self.trials})"
        if self.errors == 0:
            bound = upper_bound(0, self.trials, self.confidence)
            text += f": no error seen; below {bound:.2g} not demonstrated"
        return text


# Scores -------------------------------------------------------------------------------------
def checked(scores: ArrayLike, what: str = "scores") -> Scores:
    """One-dimensional float64, neither empty nor with NaN or infinity; else ValueError."""
    array = np.asarray(scores, np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{what}: expected a non-empty list of numbers, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}: {int((~np.isfinite(array)).sum())} values are not finite")
    return array


def fmr(impostor: ArrayLike, threshold: float, confidence: float = 0.95) -> Rate:
    """False match rate: impostor comparisons with score >= threshold."""
    scores = checked(impostor, "impostor scores")
    return Rate(int((scores >= threshold).sum()), scores.size, confidence)


def fnmr(genuine: ArrayLike, threshold: float, confidence: float = 0.95) -> Rate:
    """False non-match rate: genuine comparisons with score < threshold."""
    scores = checked(genuine, "genuine scores")
    return Rate(int((scores < threshold).sum()), scores.size, confidence)


@dataclass(frozen=True)
class Det:
    """A detection error trade-off: rates at each threshold, thresholds rising.

    `fmr` falls from 1 to 0 and `fnmr` rises from 0 to 1; all three arrays have one length. The
    last threshold is infinite: nothing matches. 1 - `fnmr` over `fmr` is the ROC.
    """

    threshold: Scores
    fmr: Scores
    fnmr: Scores


def det(genuine: ArrayLike, impostor: ArrayLike) -> Det:
    """The trade-off at every threshold where a rate changes."""
    g = np.sort(checked(genuine, "genuine scores"))
    i = np.sort(checked(impostor, "impostor scores"))
    thresholds = np.append(np.unique(np.concatenate([g, i])), np.inf)
    return Det(
        thresholds,
        (i.size - np.searchsorted(i, thresholds, side="left")) / i.size,
        np.searchsorted(g, thresholds, side="left") / g.size,
    )


def eer(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Equal error rate: where FMR and FNMR cross, interpolated between thresholds."""
    return crossing(det(genuine, impostor))


def crossing(curve: Det) -> float:
    """The equal error rate of a trade-off."""
    gap = curve.fnmr - curve.fmr
    k = int(np.argmax(gap >= 0))
    if k == 0 or gap[k] == 0:
        return float(curve.fnmr[k] + curve.fmr[k]) / 2
    part = -gap[k - 1] / (gap[k] - gap[k - 1])
    return float(curve.fnmr[k - 1] + part * (curve.fnmr[k] - curve.fnmr[k - 1]))


def auc(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Area under the ROC: the chance that a genuine score exceeds an impostor score, ties half."""
    g = checked(genuine, "genuine scores")
    i = np.sort(checked(impostor, "impostor scores"))
    below = np.searchsorted(i, g, side="left") + np.searchsorted(i, g, side="right")
    return float(below.mean() / (2 * i.size))


def threshold_at(impostor: ArrayLike, target: float) -> float:
    """The lowest threshold whose FMR over these scores is at most `target`.

    Ties count as matches, so it lies just above a score that must be refused.
    """
    if not 0 <= target <= 1:
        raise ValueError(f"a target rate is 0..1, not {target!r}")
    scores = np.sort(checked(impostor, "impostor scores"))[::-1]
    allowed = math.floor(target * scores.size + 1e-9)
    if allowed >= scores.size:
        return float(scores[-1])
    return float(np.nextafter(scores[allowed], np.inf))


def tar_at_far(
    genuine: ArrayLike, impostor: ArrayLike, far: float, confidence: float = 0.95
) -> tuple[Rate, float]:
    """Accepted genuine comparisons at the threshold for `far`, and that threshold.

    The rate's `errors` are the *accepted* ones here: its value is the TAR.
    """
    threshold = threshold_at(impostor, far)
    scores = checked(genuine, "genuine scores")
    return Rate(int((scores >= threshold).sum()), scores.size, confidence), threshold


def ten_fold_accuracy(scores: ArrayLike, same: ArrayLike, folds: ArrayLike) -> tuple[float, float]:
    """Accuracy as on LFW: the threshold of each fold is the best one on the other folds.

    Args:
        scores: one per pair.
        same: whether the pair is of one person.
        folds: the fold of each pair, at least two different ones.

    Returns mean and standard error over folds.
    """
    s, y, f = checked(scores), np.asarray(same, bool), np.asarray(folds)
    if not s.shape == y.shape == f.shape:
        raise ValueError(f"scores, same and folds differ: {s.shape}, {y.shape}, {f.shape}")
    labels = np.unique(f)
    if labels.size < 2:
        raise ValueError("at least two folds are needed")
    accuracies = []
    for label in labels:
        threshold = _best_threshold(s[f != label], y[f != label])
        accuracies.append(float(((s >= threshold) == y)[f == label].mean()))
    spread = float(np.std(accuracies, ddof=1)) / math.sqrt(len(accuracies))
    return float(np.mean(accuracies)), spread


def _best_threshold(scores: Scores, same: NDArray[np.bool_]) -> float:
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    right = np.cumsum(np.where(same[order], 1, -1))
    # only where the score changes can a threshold stand
    last = np.append(sorted_scores[1:] != sorted_scores[:-1], True)
    k = int(np.argmax(np.where(last, right, np.iinfo(np.int64).min)))
    below = sorted_scores[k + 1] if k + 1 < sorted_scores.size else sorted_scores[k]
    return float((sorted_scores[k] + below) / 2) if below < sorted_scores[k] else float(below)


# Search -------------------------------------------------------------------------------------
def fpir(match_rate: float, comparisons: int) -> float:
    """False positive identification rate of a search: 1 - (1 - FMR)^n, comparisons independent."""
    _probability(match_rate)
    if match_rate == 1:
        return 1.0
    return -math.expm1(_count(comparisons) * math.log1p(-match_rate))


def fmr_for_fpir(target: float, comparisons: int) -> float:
    """The FMR per comparison at which a search over n comparisons has FPIR `target`."""
    _probability(target)
    if target == 1:
        return 1.0
    return -math.expm1(math.log1p(-target) / _count(comparisons))


def _probability(value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"a rate is 0..1, not {value!r}")


def _count(value: int) -> int:
    if value < 1:
        raise ValueError(f"a search makes at least one comparison, not {value!r}")
    return value


def fpir_fnir(
    strangers: ArrayLike, mated: ArrayLike, right: ArrayLike, threshold: float
) -> tuple[Rate, Rate]:
    """Open-set identification at a threshold (ISO/IEC 19795-1): FPIR and FNIR.

    Args:
        strangers: the best score of each search by somebody who is not enrolled; at or above the
            threshold it is a false positive identification.
        mated: the best score of each search by somebody enrolled.
        right: whether that best score was of the right person. A search whose best is another
            person, or lies below the threshold, is a false negative identification.
    """
    s, m, r = checked(strangers, "strangers"), checked(mated, "mated"), np.asarray(right, bool)
    if m.shape != r.shape:
        raise ValueError(f"mated and right differ: {m.shape}, {r.shape}")
    hits = int(((m >= threshold) & r).sum())
    return Rate(int((s >= threshold).sum()), s.size), Rate(m.size - hits, m.size)
