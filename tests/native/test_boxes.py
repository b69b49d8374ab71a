"""Decoding and suppression agree with their textbook forms, ties and all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import native


def textbook_nms(boxes, scores, score_threshold, iou_threshold, top_k):
    """Greedy suppression in float64, straight from the definition."""
    boxes = boxes.astype(np.float64)
    size = (boxes[:, 2:] - boxes[:, :2]).T
    alive = (scores >= np.float32(score_threshold)) & (size > 0).all(axis=0)
    area = size.prod(axis=0)
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if not alive[i]:
            continue
        kept.append(int(i))
        low = np.maximum(boxes[i, :2], boxes[:, :2])
        high = np.minimum(boxes[i, 2:], boxes[:, 2:])
        common = (high - low).clip(0).prod(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            alive &= ~(common / (area[i] + area - common) > iou_threshold)
    return kept[:top_k]


def decode_every_cell(planes, anchors):
    """Boxes and scores of all cells in float64, in the order of the planes."""
    count, (gh, gw) = len(anchors), planes.shape[1:]
    tx, ty, tw, th, to = np.moveaxis(planes.astype(np.float64).reshape(count, 5, gh, gw), 1, 0)
    row, col = np.mgrid[:gh, :gw]
    x, y = (col + 1 / (1 + np.exp(-tx))) / gw, (row + 1 / (1 + np.exp(-ty))) / gh
    w = np.exp(tw) * anchors[:, 0, None, None] / gw
    h = np.exp(th) * anchors[:, 1, None, None] / gh
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return boxes.reshape(-1, 4), (1 / (1 + np.exp(-to))).ravel()


# A coarse grid and few scores make equal, touching and empty boxes and ties common.
coarse = st.integers(0, 30).flatmap(
    lambda n: st.tuples(
        arrays(np.float32, (n, 4), elements=st.integers(0, 6).map(float)),
        arrays(np.float32, n, elements=st.integers(0, 8).map(lambda i: i / 8)),
    )
)
fine = st.integers(0, 30).flatmap(
    lambda n: st.tuples(
        arrays(np.float32, (n, 4), elements=st.floats(-1, 2, width=32)),
        arrays(np.float32, n, elements=st.floats(0, 1, width=32)),
    )
)


@settings(max_examples=400, deadline=None)
@given(coarse | fine, st.floats(0, 1), st.floats(0, 1), st.sampled_from([1, 2, 5, 10**6]))
def test_nms_keeps_what_the_textbook_keeps(candidates, score_threshold, iou_threshold, top_k):
    boxes, scores = candidates
    kept = native.nms(
        boxes, scores, score_threshold=score_threshold, iou_threshold=iou_threshold, top_k=top_k
    )
    assert kept.dtype == np.int64
    assert kept.tolist() == textbook_nms(boxes, scores, score_threshold, iou_threshold, top_k)


def test_boxes_without_area_neither_stay_nor_suppress():
    boxes = np.array([[0, 0, 0, 9], [5, 5, 1, 1], [0, 0, 9, 9]], np.float32)
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    for top_k in (1, 3):
        kept = native.nms(boxes, scores, score_threshold=0, iou_threshold=0.0, top_k=top_k)
        assert kept.tolist() == [2]


def test_a_score_at_the_threshold_stays():
    box, score = np.array([[0, 0, 1, 1]], np.float32), np.array([0.7], np.float32)
    assert float(score[0]) < 0.7  # as a double it would miss
    assert len(native.nms(box, score, score_threshold=0.7, iou_threshold=0.5, top_k=1)) == 1


@settings(deadline=None)
@given(
    count=st.integers(1, 5),
    size=st.tuples(st.integers(1, 10), st.integers(1, 10)),
    seed=st.integers(0, 10_000),
    score_threshold=st.floats(0.01, 0.99),
    iou_threshold=st.floats(0, 1),
    top_k=st.sampled_from([1, 3, 10_000]),
)
def test_decoding_agrees_with_every_cell(count, size, seed, score_threshold, iou_threshold, top_k):
    random = np.random.default_rng(seed)
    planes = random.normal(0, 2, (count * 5, *size)).astype(np.float32)
    anchors = random.uniform(0.3, 6, (count, 2)).astype(np.float32)
    boxes, scores = native.decode_yolo(
        planes, anchors, score_threshold=score_threshold, iou_threshold=iou_threshold, top_k=top_k
    )
    every_box, every_score = decode_every_cell(planes, anchors)
    alive = every_score >= score_threshold
    every_box, every_score = every_box[alive], every_score[alive]
    kept = textbook_nms(
        every_box.astype(np.float32), every_score.astype(np.float32), 0, iou_threshold, top_k
    )
    assert boxes.dtype == scores.dtype == np.float32
    assert boxes.shape == (len(kept), 4) and scores.shape == (len(kept),)
    np.testing.assert_allclose(boxes, every_box[kept], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(scores, every_score[kept], rtol=1e-6)


@settings(deadline=None)
@given(
    count=st.integers(1, 3),
    size=st.tuples(st.integers(1, 10), st.integers(1, 10)),
    seed=st.integers(0, 10_000),
    score_threshold=st.floats(0.01, 0.99),
    top_k=st.sampled_from([1, 3, 10_000]),
)
def test_rows_decode_as_planes_do(count, size, seed, score_threshold, top_k):
    random = np.random.default_rng(seed)
    planes = random.normal(0, 2, (count * 5, *size)).astype(np.float32)
    options = {"score_threshold": score_threshold, "iou_threshold": 1.0, "top_k": top_k}
    anchors = random.uniform(0.3, 6, (count, 2)).astype(np.float32)
    rows = np.ascontiguousarray(np.moveaxis(planes, 0, 2))
    want = native.decode_yolo(planes, anchors, **options)
    got = native.decode_yolo(rows, anchors, **options, layout="rows")
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


@settings(deadline=None)
@given(
    count=st.integers(1, 3),
    size=st.tuples(st.integers(1, 10), st.integers(1, 10)),
    seed=st.integers(0, 10_000),
    centre=st.sampled_from([0.0, 0.5]),
    score_threshold=st.floats(0.01, 0.99),
    iou_threshold=st.floats(0, 1),
    top_k=st.sampled_from([1, 3, 10_000]),
    layout=st.sampled_from(["planes", "rows"]),
)
def test_distances_agree_with_every_cell(
    count, size, seed, centre, score_threshold, iou_threshold, top_k, layout
):
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (count, *size)).astype(np.float32)
    sides = random.uniform(-1, 4, (count, 4, *size)).astype(np.float32)
    row, col = np.mgrid[: size[0], : size[1]] + centre
    left, top, right, bottom = np.moveaxis(sides.astype(np.float64), 1, 0)
    boxes = np.stack([col - left, row - top, col + right, row + bottom], axis=-1)
    boxes /= [size[1], size[0], size[1], size[0]]
    scores = 1 / (1 + np.exp(-logits.astype(np.float64)))
    if layout == "planes":
        heads = logits, sides.reshape(count * 4, *size)
    else:
        boxes, scores = np.moveaxis(boxes, 0, 2), np.moveaxis(scores, 0, 2)
        heads = (
            np.ascontiguousarray(np.moveaxis(logits, 0, 2)),
            np.ascontiguousarray(np.moveaxis(sides.reshape(count * 4, *size), 0, 2)),
        )
    boxes, scores = boxes.reshape(-1, 4), scores.ravel()
    alive = scores >= score_threshold
    boxes, scores = boxes[alive], scores[alive]
    kept = textbook_nms(
        boxes.astype(np.float32), scores.astype(np.float32), 0, iou_threshold, top_k
    )
    options = {"score_threshold": score_threshold, "iou_threshold": iou_threshold, "top_k": top_k}
    got = native.decode_distances(*heads, centre=centre, **options, layout=layout)
    assert got[0].shape == (len(kept), 4) and got[0].dtype == got[1].dtype == np.float32
    np.testing.assert_allclose(got[0], boxes[kept], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(got[1], scores[kept], rtol=1e-6)


def test_the_best_without_area_gives_way_to_the_next():
    sides = np.array([[[-1, 1]], [[1, 1]], [[1, 1]], [[1, 1]]], np.float32)
    logits = np.array([[[3, 2]]], np.float32)
    boxes, scores = native.decode_distances(logits, sides, centre=0.5, **OPTIONS)
    np.testing.assert_allclose(boxes, [[0.25, -0.5, 1.25, 1.5]])
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-2))])


def test_a_broken_survivor_stops_even_where_another_is_best():
    planes = np.zeros((5, 1, 2), np.float32)
    planes[4] = [1, 5]
    planes[2, 0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        native.decode_yolo(planes, ANCHOR, **OPTIONS)


def one_cell(value, channel, score=2.0):
    planes = np.zeros((5, 1, 1), np.float32)
    planes[4] = score
    planes[channel] = value
    return planes


OPTIONS = {"score_threshold": 0.5, "iou_threshold": 0.5, "top_k": 1}
ANCHOR = np.ones((1, 2), np.float32)


def test_one_cell_by_hand():
    boxes, scores = native.decode_yolo(one_cell(np.log(3), 0), ANCHOR, **OPTIONS)
    np.testing.assert_allclose(boxes, [[0.25, 0.0, 1.25, 1.0]], atol=1e-7)
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-2))])


def test_nothing_above_the_threshold():
    boxes, scores = native.decode_yolo(one_cell(0, 0, score=-0.001), ANCHOR, **OPTIONS)
    assert boxes.shape == (0, 4) and scores.shape == (0,)


def test_a_logit_at_the_threshold_survives():
    boxes, scores = native.decode_yolo(one_cell(0, 4), ANCHOR, **OPTIONS)
    assert len(boxes) == 1 and scores[0] == 0.5


@pytest.mark.parametrize("channel", range(5))
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_survivors_that_are_not_finite_raise(channel, value):
    with pytest.raises(ValueError, match="planes: a cell that reaches the threshold is not finite"):
        native.decode_yolo(one_cell(value, channel), ANCHOR, **OPTIONS)


def test_cells_below_the_threshold_may_hold_anything():
    boxes, _ = native.decode_yolo(one_cell(np.nan, 0, score=-1), ANCHOR, **OPTIONS)
    assert len(boxes) == 0


PLANES = np.zeros((5, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"planes": PLANES.astype(np.float64)}, TypeError, "planes: need a float32 .*float64"),
        ({"planes": PLANES[:4]}, ValueError, r"planes: need .*, got float32 \(4, 2, 2\)"),
        ({"planes": PLANES[None]}, ValueError, r"planes: need .*\(1, 5, 2, 2\)"),
        ({"planes": PLANES[:, ::2]}, ValueError, "planes: must be C-contiguous"),
        ({"planes": PLANES[:, :0]}, ValueError, "planes: need at least one cell"),
        ({"anchors": ANCHOR[0]}, ValueError, r"anchors: need .*\(A, 2\), got float32 \(2,\)"),
        ({"anchors": [[1, 1]]}, TypeError, "anchors: need .*, got list"),
        ({"anchors": ANCHOR * 0}, ValueError, "anchors: sizes must be finite and above 0"),
        ({"anchors": ANCHOR * np.nan}, ValueError, "anchors: sizes must be finite and above 0"),
        ({"score_threshold": 0.0}, ValueError, "score_threshold: need a value between"),
        ({"score_threshold": 1.0}, ValueError, "score_threshold: need a value between"),
        ({"score_threshold": np.nan}, ValueError, "score_threshold: need a value between"),
        ({"iou_threshold": 1.1}, ValueError, r"iou_threshold: need 0..1"),
        ({"top_k": 0}, ValueError, "top_k: need at least 1, got 0"),
        ({"layout": "columns"}, ValueError, "layout: need 'planes' or 'rows', got 'columns'"),
        ({"layout": "rows"}, ValueError, r"planes: need .*\(gh, gw, A\*5\), got .*\(5, 2, 2\)"),
    ],
)
def test_bad_input_of_decode_is_named(change, error, message):
    arguments = {"planes": PLANES, "anchors": ANCHOR, **OPTIONS, **change}
    with pytest.raises(error, match=message):
        native.decode_yolo(**arguments)


LOGITS, SIDES = np.zeros((1, 2, 3), np.float32), np.ones((4, 2, 3), np.float32)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"logits": LOGITS.astype(np.float64)}, TypeError, "logits: need a float32"),
        ({"logits": LOGITS[0]}, ValueError, r"logits: need .*\(A, gh, gw\), got float32 \(2, 3\)"),
        ({"logits": LOGITS[:0]}, ValueError, "logits: need at least one cell"),
        ({"distances": SIDES[:3]}, ValueError, r"distances: need .*\(A\*4, gh, gw\)"),
        ({"distances": SIDES[:, :, :2]}, ValueError, "distances: need .* on the grid"),
        ({"distances": SIDES * np.float32(np.nan)}, ValueError, "logits, distances: .*not finite"),
        ({"centre": 1.5}, ValueError, "centre: need 0..1"),
        ({"centre": np.nan}, ValueError, "centre: need 0..1"),
        ({"score_threshold": 1.0}, ValueError, "score_threshold: need a value between"),
        ({"layout": "rows"}, ValueError, r"distances: need .*\(gh, gw, A\*4\)"),
    ],
)
def test_bad_input_of_distances_is_named(change, error, message):
    arguments = {"logits": LOGITS, "distances": SIDES, "centre": 0.5, **OPTIONS, **change}
    with pytest.raises(error, match=message):
        native.decode_distances(**arguments)


BOXES = np.array([[0, 0, 1, 1], [2, 2, 3, 3]], np.float32)
SCORES = np.array([0.5, 0.6], np.float32)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"boxes": BOXES.astype(np.float64)}, TypeError, "boxes: need a float32"),
        ({"boxes": BOXES[:, :3]}, ValueError, r"boxes: need .*\(N, 4\), got float32 \(2, 3\)"),
        ({"boxes": np.asfortranarray(BOXES)}, ValueError, "boxes: must be C-contiguous"),
        ({"boxes": BOXES * [1, 1, np.nan, 1]}, TypeError, "boxes: need a float32"),
        ({"boxes": BOXES + np.float32(np.inf)}, ValueError, "boxes: element 0 is not finite"),
        ({"scores": SCORES[:1]}, ValueError, r"scores: .*one per box, got float32 \(1,\)"),
        ({"scores": SCORES * np.float32(np.nan)}, ValueError, "scores: element 0 is not finite"),
        ({"scores": SCORES.astype(np.float16)}, TypeError, "scores: need a float32"),
        ({"score_threshold": np.nan}, ValueError, "score_threshold: is not a number"),
        ({"iou_threshold": -0.1}, ValueError, "iou_threshold: need 0..1"),
        ({"iou_threshold": np.nan}, ValueError, "iou_threshold: need 0..1"),
        ({"top_k": -1}, ValueError, "top_k: need at least 1, got -1"),
    ],
)
def test_bad_input_of_nms_is_named(change, error, message):
    with pytest.raises(error, match=message):
        native.nms(**{"boxes": BOXES, "scores": SCORES, **OPTIONS, **change})
