"""The bootstrap's own arithmetic: BCa limits and rates whose trials are crossed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.bootstrap import bca, clustered_limits, draws, ratio
from edge.intervals import clopper_pearson


def test_as_many_are_drawn_as_there_are() -> None:
    drawn = draws(30, 500, seed=0)
    assert drawn.shape == (500, 30) and (drawn.sum(axis=1) == 30).all()
    assert drawn.var() == pytest.approx(1 - 1 / 30, rel=0.05)


def test_limits_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    values = rng.exponential(size=80)
    weights = draws(80, 20_000, seed=1)
    replicates = weights @ values / 80
    ours = bca(replicates, values.mean(), values - values.mean(), (0.025, 0.975))
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=2)
    assert ours == pytest.approx(list(theirs.confidence_interval), rel=0.02)


def test_without_skew_and_bias_limits_are_percentiles() -> None:
    replicates = np.linspace(-1, 1, 2001)
    low, high = bca(replicates, 0.0, np.array([1.0, -1.0]), (0.025, 0.975))
    assert (low, high) == pytest.approx((-0.95, 0.95), abs=2e-3)


def test_clusters_widen_the_interval() -> None:
    """Ten searches of each of 40 people, who are always right or always wrong."""
    errors = np.zeros((40, 1), np.int64)
    errors[:4] = 10
    limits = clustered_limits(errors, np.full((40, 1), 10))
    exact, honest = clopper_pearson(40, 400), clopper_pearson(4, 40)
    assert limits.low < exact[0] and limits.high > exact[1]
    assert limits.high == pytest.approx(honest[1], abs=0.06)


@pytest.mark.slow
def test_crossed_rates_lie_in_their_interval() -> None:
    """Searches by people in galleries, both of which differ: rows and columns shift the rate."""
    rng = np.random.default_rng(0)
    repetitions, hits = 1000, np.zeros(2)
    # P(row + column + noise > 2.2), each of deviation 0.5, 0.3 and 1
    truth = 0.5 * math.erfc(2.2 / math.sqrt(1 + 0.25 + 0.09) / math.sqrt(2))
    for _ in range(repetitions):
        rows, columns = rng.normal(0, 0.5, (80, 1)), rng.normal(0, 0.3, (1, 20))
        errors = (rows + columns + rng.normal(size=(80, 20)) > 2.2).astype(np.int64)
        limits = clustered_limits(errors, np.ones_like(errors), repetitions=200)
        naive = clopper_pearson(int(errors.sum()), errors.size)
        hits += limits.low <= truth <= limits.high, naive[0] <= truth <= naive[1]
    crossed, naive_coverage = hits / repetitions
    assert crossed >= 0.92 and naive_coverage < 0.8


def test_no_trials_are_refused_and_empty_draws_are_no_number() -> None:
    with pytest.raises(ValueError, match="no rate"):
        clustered_limits(np.zeros((3, 1), np.int64), np.zeros((3, 1), np.int64))
    with pytest.raises(ValueError, match="no rate"):
        clustered_limits(np.zeros(3, np.int64), np.ones(3, np.int64))
    assert np.isnan(ratio(np.array([0, 1]), np.array([0, 2]))).tolist() == [True, False]
