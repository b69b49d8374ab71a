"""Decoding a detector's levels, against the formulas written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelMismatch
from edge.faces.detect import MAX_FACES, decode
from edge.packs.schema import BoxesHead, YoloHead, YoloLevelsHead

LEVELS = (("fine", 26, 20, 2), ("middle", 13, 10, 3), ("coarse", 7, 5, 1))
SCORE, IOU = 0.5, 0.4


def head(**changes: object) -> YoloLevelsHead:
    rng = np.random.default_rng(5)
    levels = [
        {"output": name, "anchors": rng.uniform(0.5, 3, (count, 2)).tolist()}
        for name, _, _, count in LEVELS
    ]
    fields = {
        "kind": "yolo_levels",
        "levels": levels,
        "score_threshold": SCORE,
        "second_threshold": 0.6,
        "iou_threshold": IOU,
    }
    return YoloLevelsHead.model_validate(fields | changes)


def planes(seed: int, lift: float) -> list[NDArray[np.float32]]:
    """Random planes; `lift` moves objectness, and so how many cells survive."""
    rng = np.random.default_rng(seed)
    made = []
    for _, width, height, count in LEVELS:
        value = rng.normal(0, 1, (1, count, 5, height, width))
        value[:, :, 4] = 2 * value[:, :, 4] + lift
        made.append(value.reshape(1, 5 * count, height, width).astype(np.float32))
    return made


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


def reference(
    head: YoloLevelsHead, outputs: list[NDArray[np.float32]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    boxes, scores = [], []
    for level, value in zip(head.levels, outputs, strict=True):
        count, (rows, columns) = len(level.anchors), value.shape[2:]
        t = value[0].reshape(count, 5, rows, columns).astype(np.float64)
        row, column = np.mgrid[0:rows, 0:columns]
        for a, (aw, ah) in enumerate(level.anchors):
            x, y = (column + sigmoid(t[a, 0])) / columns, (row + sigmoid(t[a, 1])) / rows
            w, h = np.exp(t[a, 2]) * aw / columns, np.exp(t[a, 3]) * ah / rows
            boxes.append(np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], -1).reshape(-1, 4))
            scores.append(sigmoid(t[a, 4]).ravel())
    box, score = np.concatenate(boxes), np.concatenate(scores)
    box, score = box[score >= SCORE], score[score >= SCORE]
    kept: list[int] = []
    for i in np.argsort(-score, kind="stable"):
        if all(iou(box[i], box[k]) <= IOU for k in kept):
            kept.append(int(i))
    return box[kept[:MAX_FACES]], score[kept[:MAX_FACES]]


def iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(both / (areas - both))


@pytest.mark.parametrize("lift", [-6.0, -3.0, 0.0])
def test_levels_are_decoded_and_joined_as_written_out(lift: float) -> None:
    shared = 0
    for seed in range(5):
        outputs = planes(seed, lift)
        boxes, scores = decode(head(), outputs)
        wanted_boxes, wanted_scores = reference(head(), outputs)
        assert boxes.dtype == scores.dtype == np.float32
        np.testing.assert_allclose(scores, wanted_scores, atol=1e-5)
        np.testing.assert_allclose(boxes, wanted_boxes, atol=1e-5)
        shared += len(scores)
    assert shared > 0


def test_a_box_suppressed_only_within_its_level_comes_back() -> None:
    """B gives way to A of its own level, A to C of another, and C does not touch B: B stays."""
    simple = head(
        levels=[{"output": "one", "anchors": [[1, 1]]}, {"output": "two", "anchors": [[1, 1]]}]
    )

    def level(*cells: tuple[int, float, float, float]) -> NDArray[np.float32]:
        value = np.full((1, 5, 1, 8), -20, np.float32)
        for column, shift, size, objectness in cells:
            logit = np.log(shift / (1 - shift))
            value[0, :, 0, column] = (logit, 0.0, np.log(size), 0.0, objectness)
        return value

    one = level((3, 0.5, 2.0, 2.0), (4, 0.25, 2.0, 1.0))  # A at 3.5, B at 4.25
    two = level((2, 0.75, 2.0, 3.0))  # C at 2.75
    boxes, _ = decode(simple, [one, two])
    assert (boxes[:, 0] + boxes[:, 2]) / 2 * 8 == pytest.approx([2.75, 4.25], abs=1e-5)
    alone, _ = decode(simple, [one, level()])
    assert (alone[:, 0] + alone[:, 2]) / 2 * 8 == pytest.approx([3.5], abs=1e-5)


def test_one_level_is_the_old_head() -> None:
    levels = head().levels[1:2]
    old = YoloHead(
        kind="yolo",
        output="planes",
        anchors=levels[0].anchors,
        score_threshold=SCORE,
        second_threshold=0.6,
        iou_threshold=IOU,
    )
    outputs = planes(0, -2.0)[1:2]
    for got, wanted in zip(decode(old, outputs), decode(head(levels=levels), outputs), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_planes_that_do_not_fit_their_anchors_are_named() -> None:
    outputs = planes(0, -2.0)
    with pytest.raises(ModelMismatch, match="'middle'"):
        decode(head(), [outputs[0], outputs[0], outputs[2]])


# Boxes that the file itself decodes ---------------------------------------------------------
def boxes_head(**changes: object) -> BoxesHead:
    fields = {
        "kind": "boxes",
        "boxes": "boxes",
        "scores": "scores",
        "score_threshold": SCORE,
        "second_threshold": 0.6,
        "iou_threshold": IOU,
    }
    return BoxesHead.model_validate(fields | changes)


def test_of_boxes_the_best_stay_and_what_overlaps_them_goes() -> None:
    boxes = np.array(
        [[0.1, 0.1, 0.3, 0.3], [0.11, 0.1, 0.31, 0.3], [0.6, 0.6, 0.9, 1.1], [0.5, 0, 0.6, 0.1]],
        np.float32,
    )
    scores = np.array([0.7, 0.9, 0.8, SCORE - 0.01], np.float32)
    found, sure = decode(boxes_head(), [boxes[None], scores[None]])
    np.testing.assert_array_equal(found, boxes[[1, 2]])
    np.testing.assert_array_equal(sure, scores[[1, 2]])


def test_no_more_boxes_than_the_door_counts() -> None:
    corners = np.arange(2 * MAX_FACES, dtype=np.float32)[:, None] / 20
    boxes = np.concatenate([corners, corners, corners + 0.04, corners + 0.04], axis=1)
    scores = np.full(len(boxes), 0.9, np.float32)
    assert len(decode(boxes_head(), [boxes[None], scores[None]])[0]) == MAX_FACES


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [((1, 5, 4), (1, 6)), ((5, 4), (5,)), ((1, 5, 5), (1, 5)), ((2, 5, 4), (2, 5))],
)
def test_boxes_of_another_shape_are_refused(
    boxes: tuple[int, ...], scores: tuple[int, ...]
) -> None:
    with pytest.raises(ModelMismatch, match="boxes"):
        decode(boxes_head(), [np.zeros(boxes, np.float32), np.zeros(scores, np.float32)])


def test_boxes_and_scores_are_two_outputs() -> None:
    with pytest.raises(ValueError, match="share"):
        boxes_head(scores="boxes")
    assert boxes_head().outputs == ("boxes", "scores")
