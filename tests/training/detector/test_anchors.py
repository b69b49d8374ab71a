"""K-means with IoU distance finds the sizes that are there."""

from __future__ import annotations

import numpy as np
import pytest

from training.detector.anchors import cluster, levels, size_iou
from training.errors import DataError

TRUE = np.array([[10.0, 14], [20, 30], [40, 50], [70, 90], [120, 150], [200, 240]])


def test_finds_separate_sizes() -> None:
    rng = np.random.default_rng(0)
    sizes = np.concatenate([size * np.exp(rng.normal(0, 0.03, (80, 2))) for size in TRUE])
    rng.shuffle(sizes)
    found, fit = cluster(sizes, 6)
    assert np.allclose(found, TRUE, rtol=0.03)
    assert fit > 0.93


def test_more_anchors_fit_better() -> None:
    sizes = np.exp(np.random.default_rng(1).uniform(2, 5, (500, 2)))
    fits = [cluster(sizes, n)[1] for n in (1, 3, 9)]
    assert fits[0] < fits[1] < fits[2]


def test_iou_of_sizes() -> None:
    assert size_iou(np.array([[2.0, 4.0]]), np.array([[4.0, 2.0], [2.0, 4.0]])) == pytest.approx(
        np.array([[4 / 12, 1.0]])
    )


def test_levels_go_from_small_to_large() -> None:
    assert levels(TRUE)[0] == ((10.0, 14.0), (20.0, 30.0))
    assert levels(TRUE)[2] == ((120.0, 150.0), (200.0, 240.0))
    with pytest.raises(DataError, match="4 anchors"):
        levels(TRUE[:4])


def test_too_few_boxes_are_an_error() -> None:
    with pytest.raises(DataError, match="3 boxes"):
        cluster(np.ones((3, 2)), 2)
