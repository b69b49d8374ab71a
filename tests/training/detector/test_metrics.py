"""Figures against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.detector.metrics import (
    Looked,
    Matched,
    average_precision,
    average_precisions,
    false_boxes,
    match,
    recall,
    recall_by_size,
    threshold_for,
)

FACE = [10.0, 10, 50, 60]
OTHER = [100.0, 10, 140, 60]


def looked(found: list, scores: list, truth: list, unsure: list | None = None) -> Looked:
    boxes = [np.array(v, np.float32).reshape(-1, 4) for v in (found, truth, unsure or [])]
    return Looked(boxes[0], np.array(scores, np.float32), boxes[1], boxes[2])


def test_a_second_find_of_a_face_is_wrong() -> None:
    matched = match([looked([FACE, FACE], [0.9, 0.8], [FACE])])
    assert matched.right.tolist() == [True, False]
    assert matched.best.tolist() == [pytest.approx(0.9)]


def test_overlap_decides() -> None:
    # Shifted by a third of its width: IoU is 1/2. By more: below.
    third = [10 + 40 / 3, 10, 50 + 40 / 3, 60]
    more = [10 + 14, 10, 50 + 14, 60]
    assert match([looked([third], [0.9], [FACE])], 0.4999).right.all()
    assert not match([looked([more], [0.9], [FACE])]).right.any()


def test_the_surest_find_comes_first_whatever_the_order() -> None:
    matched = match([looked([FACE, FACE], [0.3, 0.9], [FACE])])
    assert matched.best.tolist() == [pytest.approx(0.9)]


def test_finds_on_unsure_faces_do_not_count() -> None:
    matched = match([looked([OTHER], [0.9], [FACE], [OTHER])])
    assert len(matched.scores) == 0 and matched.best.tolist() == [0]
    assert false_boxes(match([looked([OTHER], [0.9], [FACE])]), 0.5) == 1


def test_average_precision_by_hand() -> None:
    # right, wrong, right of 2 truths: precision 1 up to recall 1/2, then 2/3.
    matched = Matched(
        np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), np.array([0.9, 0.7]), np.zeros(2)
    )
    assert average_precision(matched) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_average_precision_of_missed_and_perfect() -> None:
    assert average_precision(match([looked([FACE], [0.9], [FACE, OTHER])])) == pytest.approx(0.5)
    assert average_precision(match([looked([FACE, OTHER], [0.9, 0.8], [FACE, OTHER])])) == 1
    assert average_precision(match([looked([], [], [FACE])])) == 0
    with pytest.raises(ValueError, match="no face"):
        average_precision(match([looked([FACE], [0.9], [])]))


def test_the_mean_over_overlaps() -> None:
    # IoU 50/60 = 0.833: right at 0.50 to 0.80, which is seven of ten.
    high = [10.0, 10, 50, 70]
    found = average_precisions([looked([high], [0.9], [FACE])])
    assert found == {"ap50": 1.0, "ap50_95": pytest.approx(0.7)}


def test_recall_and_its_interval() -> None:
    matched = match([looked([FACE], [0.9], [FACE]), looked([], [], [FACE])])
    rate = recall(matched, 0.5)
    assert (rate.hits, rate.trials, rate.value) == (1, 2, 0.5)
    # Clopper-Pearson of 1 in 2: the ends solve x² = 0.025 and (1 - x)² = 0.025.
    low, high = rate.plain()["interval"]
    assert high == pytest.approx(np.sqrt(0.975), abs=1e-6)
    assert low == pytest.approx(1 - np.sqrt(0.975), abs=1e-6)
    assert recall(matched, 0.95).hits == 0


def test_recall_by_size() -> None:
    small = [10.0, 10, 25, 30]
    found = recall_by_size(match([looked([FACE], [0.9], [FACE, small])]), 0.5)
    assert {name: (r.hits, r.trials) for name, r in found.items()} == {
        "0-24": (0, 1),
        "40-64": (1, 1),
    }


@pytest.mark.parametrize(("allowed", "left"), [(0, 0), (1, 1), (2, 2), (4, 4), (9, 4)])
def test_a_threshold_leaves_what_is_allowed(allowed: int, left: int) -> None:
    scores = np.array([0.2, 0.9, 0.5, 0.7], np.float32)
    assert (scores >= threshold_for(scores, allowed)).sum() == left


def test_a_threshold_above_equal_scores_drops_all_of_them() -> None:
    scores = np.array([0.5, 0.5, 0.5], np.float32)
    assert (scores >= threshold_for(scores, 1)).sum() == 0
