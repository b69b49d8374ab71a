"""All-pairs histograms against the plain double loop."""

from __future__ import annotations

import numpy as np
import pytest

from edge.score_histogram import BINS, Histogram, all_pairs


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_every_pair_is_counted_once_whatever_the_block(block: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 8)).astype(np.float32)
    people = rng.integers(0, 12, 60)
    genuine, impostor = all_pairs(rows, people, block)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    wanted: dict[bool, list[float]] = {True: [], False: []}
    for i in range(60):
        for j in range(i + 1, 60):
            wanted[bool(people[i] == people[j])].append(float(unit[i] @ unit[j]))
    for histogram, scores in ((genuine, wanted[True]), (impostor, wanted[False])):
        assert histogram.total == len(scores)
        centres = np.repeat(np.arange(BINS + 1), histogram.counts) * 2 / BINS - 1
        assert np.abs(np.sort(scores) - centres).max() <= 2.1 / BINS


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


def test_bad_embeddings_are_refused() -> None:
    good = np.ones((3, 4), np.float32)
    for bad in (good * np.nan, good * 0):
        with pytest.raises(ValueError, match="zero or not finite"):
            all_pairs(bad, np.arange(3))
    with pytest.raises(ValueError, match="do not go with"):
        all_pairs(good, np.arange(2))
