"""Histograms of scores: thresholds on the strict side, and the same curve as from the scores."""

from __future__ import annotations

import numpy as np
import pytest

from edge import metrics
from edge.score_histogram import (
    BINS,
    Histogram,
    bins_of,
    det,
    edge_below,
    edge_of,
    placements,
)


def test_thresholds_err_on_the_strict_side() -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(-1, 1, 5000)
    histogram = Histogram.empty()
    histogram.add(scores[:2000])
    histogram.add(scores[2000:])
    for rate in (0.5, 0.1, 0.01, 0.001):
        threshold = histogram.threshold_at(rate)
        assert (scores >= threshold).mean() <= rate
        assert histogram.at_or_above(threshold) == (scores >= threshold).sum()
        assert threshold == pytest.approx(1 - 2 * rate, abs=0.05)


def test_no_scores_and_no_room() -> None:
    with pytest.raises(ValueError, match="no scores"):
        Histogram.empty().threshold_at(0.1)
    full = Histogram.empty()
    full.add(np.ones(10))
    with pytest.raises(ValueError, match="exceed"):
        full.threshold_at(0.1)


def test_a_rate_is_supported_where_a_threshold_for_it_is_no_guess() -> None:
    scores = Histogram.empty()
    assert not scores.supports(0.5)
    scores.add(np.linspace(-1, 0.9, 1000))
    assert scores.supports(0.001) and not scores.supports(0.0009)
    scores.add(np.ones(10))
    assert not scores.supports(0.009) and scores.supports(0.01)
    assert scores.threshold_at(0.01) == pytest.approx(0.90001)
    with pytest.raises(ValueError, match="exceed"):
        scores.threshold_at(0.009)


def test_a_score_falls_into_the_bin_whose_edge_is_at_or_below_it() -> None:
    for k in (0, 1, 12_345, 99_999, BINS - 1, BINS):
        edge = float(edge_of(k))
        assert edge_below(edge) == edge
        assert edge_below(edge + 0.5 * 2 / BINS) == edge


def test_trade_off_area_and_crossing_are_those_of_the_scores() -> None:
    rng = np.random.default_rng(2)
    both = []
    for middle in (0.5, 0.1):
        bins = bins_of(np.clip(rng.normal(middle, 0.2, 3000), -1, 1))
        both.append((edge_of(bins), Histogram(np.bincount(bins, minlength=BINS + 1))))
    (g, genuine), (i, impostor) = both
    curve, plain = det(genuine, impostor), metrics.det(g, i)
    assert curve.threshold == pytest.approx(plain.threshold)
    assert curve.fmr == pytest.approx(plain.fmr) and curve.fnmr == pytest.approx(plain.fnmr)
    assert metrics.crossing(curve) == pytest.approx(metrics.eer(g, i))
    area = placements(genuine) @ impostor.counts / impostor.total
    assert area == pytest.approx(metrics.auc(g, i))
    with pytest.raises(ValueError, match="both needed"):
        det(genuine, Histogram.empty())
