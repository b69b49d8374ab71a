"""Intervals from replicates: people are drawn with replacement, for their trials hang together.

BCa limits (Efron 1987): percentiles of the replicates, moved by their median bias and by the
skewness of the influence that each person has on the rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from edge.intervals import clopper_pearson, upper_bound

Floats = NDArray[np.float64]
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Limits:
    """A two-sided interval, and the one-sided upper limit of the same confidence."""

    low: float
    high: float
    upper: float


def draws(units: int, repetitions: int, seed: int) -> NDArray[np.int64]:
    """(repetitions, units) how often each unit comes when as many are drawn with replacement."""
    picks = np.random.default_rng(seed).integers(0, units, (repetitions, units))
    picks += np.arange(repetitions)[:, None] * units
    return np.bincount(picks.ravel(), minlength=repetitions * units).reshape(repetitions, units)


def rate_limits(
    rates: Floats, errors: int, trials: int, influence: Floats, confidence: float
) -> Limits:
    """BCa limits of a rate, not narrower than the exact ones: sharing people adds no evidence.

    rates: (B,) of the replicates; NaN, where nobody was drawn who has a trial, is left out.
    influence: (P,) of each person on the rate, any scale.
    """
    low, high = clopper_pearson(errors, trials, confidence)
    upper = upper_bound(errors, trials, confidence)
    rates = rates[np.isfinite(rates)]
    if len(rates):
        tail = (1 - confidence) / 2
        found = bca(rates, errors / trials, influence, (tail, 1 - tail, confidence))
        low, high, upper = min(low, found[0]), max(high, found[1]), max(upper, found[2])
    return Limits(low, high, upper)


def bca(
    replicates: Floats, estimate: float, influence: Floats, levels: Sequence[float]
) -> list[float]:
    """Bias-corrected and accelerated quantiles of a bootstrap (Efron 1987).

    replicates: (B,). influence: (P,) of each unit on the estimate, any scale. levels: in (0, 1).
    """
    below = float((replicates < estimate).mean() + (replicates == estimate).mean() / 2)
    edge = 1 / (len(replicates) + 1)
    bias = _NORMAL.inv_cdf(min(max(below, edge), 1 - edge))
    spread = float((influence**2).sum())
    skew = float((influence**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    found = []
    for level in levels:
        z = bias + _NORMAL.inv_cdf(level)
        room = 1 - skew * z
        moved = _NORMAL.cdf(bias + z / room) if room > 0 else float(level > 0.5)
        found.append(float(np.quantile(replicates, moved)))
    return found


def clustered_limits(
    errors: NDArray[np.integer],
    trials: NDArray[np.integer],
    *,
    repetitions: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Limits:
    """Of a rate whose trials are crossed: errors and trials (A, B), as of searches by A in B.

    Both sides are drawn, each with replacement (the pigeonhole bootstrap, Owen 2007); a side of
    length one is as it is. Raises ValueError without trials.
    """
    total, wrong = int(trials.sum()), int(errors.sum())
    if total == 0 or errors.shape != trials.shape or errors.ndim != 2:
        raise ValueError(f"errors {errors.shape} of {total} trials {trials.shape} are no rate")
    # as float64, whose products of counts are exact and go through BLAS
    rows = draws(errors.shape[0], repetitions, seed).astype(np.float64)
    columns = draws(errors.shape[1], repetitions, seed + 1).astype(np.float64)
    rates = ratio(
        ((rows @ errors.astype(np.float64)) * columns).sum(axis=1),
        ((rows @ trials.astype(np.float64)) * columns).sum(axis=1),
    )
    excess = errors - wrong / total * trials
    influence = excess.sum(axis=1)
    if errors.shape[1] > 1:
        influence = np.concatenate([influence, excess.sum(axis=0)])
    return rate_limits(rates, wrong, total, influence, confidence)


def ratio(parts: NDArray[np.number], wholes: NDArray[np.number] | float) -> Floats:
    """NaN where there is no whole: people were drawn who have no such pair."""
    parts, wholes = np.asarray(parts, np.float64), np.asarray(wholes, np.float64)
    return np.asarray(
        np.divide(parts, wholes, out=np.full(parts.shape, math.nan), where=wholes > 0)
    )
