"""Exact intervals against SciPy, closed forms, and their promised coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.intervals import beta_cdf, beta_quantile, clopper_pearson, upper_bound

TRIALS = (1, 2, 5, 30, 1_000, 10**6, 17_868_941)


@pytest.mark.parametrize("trials", TRIALS)
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_clopper_pearson_agrees_with_scipy(trials: int, confidence: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    tail = (1 - confidence) / 2
    for errors in sorted({0, 1, trials // 3, trials // 2, trials - 1, trials}):
        low, high = clopper_pearson(errors, trials, confidence)
        want_low = stats.beta.ppf(tail, errors, trials - errors + 1) if errors else 0.0
        want_high = stats.beta.ppf(1 - tail, errors + 1, trials - errors) if errors < trials else 1
        assert low == pytest.approx(want_low, rel=1e-6, abs=1e-15)
        assert high == pytest.approx(want_high, rel=1e-6, abs=1e-15)


def test_beta_cdf_agrees_with_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    rng = np.random.default_rng(0)
    for _ in range(500):
        a, b = np.exp(rng.uniform(-2, 8, 2))
        x = rng.beta(a, b)
        assert beta_cdf(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-12)


def test_closed_forms() -> None:
    assert beta_cdf(0.3, 1, 1) == pytest.approx(0.3)
    assert beta_cdf(0.3, 2, 1) == pytest.approx(0.09)
    assert beta_quantile(0.09, 2, 1) == pytest.approx(0.3)
    assert clopper_pearson(0, 10)[1] == pytest.approx(1 - 0.025 ** (1 / 10))
    assert clopper_pearson(10, 10)[0] == pytest.approx(0.025 ** (1 / 10))


def test_rule_of_three() -> None:
    for trials in (100, 10_000, 10**7):
        assert upper_bound(0, trials) == pytest.approx(-math.log(0.05) / trials, rel=0.02)


@pytest.mark.parametrize("rate", [0.003, 0.05, 0.4])
def test_intervals_cover_as_often_as_they_say(rate: float) -> None:
    rng = np.random.default_rng(1)
    repetitions, trials = 4000, 500
    errors, counts = np.unique(rng.binomial(trials, rate, repetitions), return_counts=True)
    covered = sum(
        int(n)
        for k, n in zip(errors, counts, strict=True)
        if (limits := clopper_pearson(int(k), trials))[0] <= rate <= limits[1]
    )
    # exact intervals cover at least as often; three standard errors for the simulation itself
    assert covered / repetitions >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / repetitions)


@pytest.mark.parametrize("bad", [(-1, 10), (11, 10), (0, 0)])
def test_impossible_counts_are_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        clopper_pearson(*bad)
    with pytest.raises(ValueError, match="is no rate"):
        upper_bound(*bad)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -1.0, 2.0, math.nan])
def test_impossible_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(1, 10, confidence)


def test_outside_the_beta_distribution() -> None:
    for args in ((-0.1, 1, 1), (1.1, 1, 1), (0.5, 0, 1), (math.nan, 1, 1)):
        with pytest.raises(ValueError, match="not defined"):
            beta_cdf(*args)
    with pytest.raises(ValueError, match="probability"):
        beta_quantile(1.5, 1, 1)
