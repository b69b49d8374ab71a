"""Error rates: known answers from simulated scores, and scorers that are wrong on purpose."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from edge import metrics
from edge.metrics import Rate

NORMAL = NormalDist()
SEPARATION = 3.0


def simulate(seed: int, n: int = 2000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Genuine scores around 3, impostor scores around 0, both of unit deviation."""
    rng = np.random.default_rng(seed)
    return rng.normal(SEPARATION, 1, n), rng.normal(0, 1, n)


def test_rates_of_gaussian_scores_lie_in_their_intervals_as_often_as_stated() -> None:
    threshold, repetitions = 2.0, 1500
    true_fmr, true_fnmr = 1 - NORMAL.cdf(threshold), NORMAL.cdf(threshold - SEPARATION)
    hits = np.zeros(2)
    for seed in range(repetitions):
        genuine, impostor = simulate(seed, 400)
        rates = metrics.fmr(impostor, threshold), metrics.fnmr(genuine, threshold)
        for k, (rate, truth) in enumerate(zip(rates, (true_fmr, true_fnmr), strict=True)):
            low, high = rate.interval
            hits[k] += low <= truth <= high
    slack = 3 * math.sqrt(0.95 * 0.05 / repetitions)
    assert (hits / repetitions >= 0.95 - slack).all()


def test_a_scorer_that_is_wrong_on_purpose_is_caught() -> None:
    """Counting ties as non-matches, or swapping the sides, must move figures out of bounds."""
    genuine, impostor = simulate(1, 20_000)
    truth = 1 - NORMAL.cdf(2.0)
    low, high = metrics.fmr(impostor, 2.0).interval
    assert low <= truth <= high
    for wrong in (-impostor + 0.5, impostor * 1.1, impostor + 0.1, genuine):
        low, high = metrics.fmr(wrong, 2.0).interval
        assert not low <= truth <= high
    coarse = np.round(impostor)  # every score at the threshold is a match
    assert metrics.fmr(coarse, 2.0).errors == int((coarse >= 2.0).sum()) > (coarse > 2.0).sum()


def test_equal_error_rate_of_gaussian_scores() -> None:
    genuine, impostor = simulate(2, 200_000)
    assert metrics.eer(genuine, impostor) == pytest.approx(NORMAL.cdf(-SEPARATION / 2), rel=0.03)


def test_equal_error_rate_at_the_extremes() -> None:
    assert metrics.eer([1.0, 2.0], [-1.0, -2.0]) == 0.0
    assert metrics.eer([-1.0, -2.0], [1.0, 2.0]) == 1.0
    assert metrics.eer([0.5] * 4, [0.5] * 4) == pytest.approx(0.5)


def test_area_under_the_curve_of_gaussian_scores() -> None:
    genuine, impostor = simulate(6, 50_000)
    assert metrics.auc(genuine, impostor) == pytest.approx(
        NORMAL.cdf(SEPARATION / math.sqrt(2)), abs=0.001
    )
    assert metrics.auc([1.0, 2.0], [-1.0]) == 1.0
    assert metrics.auc([1.0], [1.0, 1.0]) == 0.5
    assert metrics.auc([-1.0], [1.0, 2.0]) == 0.0


def test_det_runs_from_all_to_nothing() -> None:
    genuine, impostor = simulate(3)
    curve = metrics.det(genuine, impostor)
    assert curve.fmr[0] == 1.0 and curve.fnmr[0] == 0.0
    assert curve.fmr[-1] == 0.0 and curve.fnmr[-1] == 1.0
    assert (np.diff(curve.fmr) <= 0).all() and (np.diff(curve.fnmr) >= 0).all()
    k = curve.threshold.size // 2
    assert curve.fmr[k] == metrics.fmr(impostor, float(curve.threshold[k])).value
    assert curve.fnmr[k] == metrics.fnmr(genuine, float(curve.threshold[k])).value


@pytest.mark.parametrize("far", [0.1, 0.01, 0.001])
def test_tar_at_far_of_gaussian_scores(far: float) -> None:
    genuine, impostor = simulate(4, 200_000)
    rate, threshold = metrics.tar_at_far(genuine, impostor, far)
    assert metrics.fmr(impostor, threshold).value <= far
    expected = NORMAL.cdf(SEPARATION - NORMAL.inv_cdf(1 - far))
    assert rate.value == pytest.approx(expected, abs=0.01)


def test_a_threshold_never_exceeds_its_target_even_with_ties() -> None:
    scores = [0.1] * 90 + [0.7] * 10
    for target in (0.0, 0.05, 0.099, 0.1, 0.5, 1.0):
        threshold = metrics.threshold_at(scores, target)
        assert metrics.fmr(scores, threshold).value <= target
    assert metrics.threshold_at(scores, 0.1) <= 0.7
    assert metrics.threshold_at(scores, 0.0) > 0.7


def test_rule_of_three_decides_what_is_demonstrated() -> None:
    assert not Rate(0, 2900).demonstrates(1e-3)
    assert Rate(0, 3100).demonstrates(1e-3)
    assert not Rate(1, 3100).demonstrates(1e-3)
    assert "not demonstrated" in str(Rate(0, 100)) and "not demonstrated" not in str(Rate(1, 100))


def test_impossible_rates_are_refused() -> None:
    for errors, trials in ((-1, 5), (6, 5), (0, 0)):
        with pytest.raises(ValueError, match="no rate"):
            Rate(errors, trials)


def test_ten_folds_of_gaussian_scores() -> None:
    genuine, impostor = simulate(5, 3000)
    folds = np.tile(np.arange(10), 300)
    mean, error = metrics.ten_fold_accuracy(
        np.concatenate([genuine, impostor]),
        np.arange(6000) < 3000,
        np.concatenate([folds, folds]),
    )
    assert mean == pytest.approx(NORMAL.cdf(SEPARATION / 2), abs=0.01)
    assert 0 < error < 0.01


def test_a_fold_never_sees_its_own_threshold() -> None:
    """Fold 1 would be perfect with a threshold of its own; the other fold's makes it all wrong."""
    scores = [0.9, 0.1, 0.4, 0.2]
    mean, _ = metrics.ten_fold_accuracy(scores, [True, False, True, False], [0, 0, 1, 1])
    assert mean == 0.75
    with pytest.raises(ValueError, match="two folds"):
        metrics.ten_fold_accuracy(scores, [True] * 4, [0] * 4)
    with pytest.raises(ValueError, match="differ"):
        metrics.ten_fold_accuracy(scores, [True] * 3, [0] * 4)


@pytest.mark.parametrize("comparisons", [1, 20, 100_000])
@pytest.mark.parametrize("rate", [0.0, 1e-12, 1e-5, 0.3, 1.0])
def test_search_rate_and_its_inverse(rate: float, comparisons: int) -> None:
    searched = metrics.fpir(rate, comparisons)
    assert searched == pytest.approx(1 - (1 - rate) ** comparisons, rel=1e-3, abs=1e-12)
    if searched < 1:
        assert metrics.fmr_for_fpir(searched, comparisons) == pytest.approx(rate, rel=1e-9)


def test_open_set_rates_count_the_wrong_person_as_missed() -> None:
    mated, right = [0.9, 0.8, 0.9, 0.3], [True, True, False, True]
    positive, negative = metrics.fpir_fnir([0.7, 0.8, 0.1], mated, right, 0.8)
    assert (positive.errors, positive.trials) == (1, 3)
    assert (negative.errors, negative.trials) == (2, 4)
    with pytest.raises(ValueError, match="differ"):
        metrics.fpir_fnir([0.7], mated, right[1:], 0.8)


def test_search_rates_refuse_nonsense() -> None:
    for call in (metrics.fpir, metrics.fmr_for_fpir):
        for args in ((-0.1, 1), (1.1, 1), (math.nan, 1), (0.1, 0)):
            with pytest.raises(ValueError, match=r"rate is|at least one"):
                call(*args)


@pytest.mark.parametrize("bad", [[], [[1.0]], [math.nan], [math.inf, 1.0]])
def test_bad_scores_are_refused(bad: list[float]) -> None:
    for call in (
        lambda: metrics.fmr(bad, 0.5),
        lambda: metrics.fnmr(bad, 0.5),
        lambda: metrics.det([1.0], bad),
        lambda: metrics.eer(bad, [1.0]),
        lambda: metrics.tar_at_far([1.0], bad, 0.1),
    ):
        with pytest.raises(ValueError, match=r"scores"):
            call()
