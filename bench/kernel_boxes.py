"""Detector outputs to boxes: the best box of a YOLO head, and full non-maximum suppression."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import native
from bench.ways import OURS, Ways

PLANAR, ROWS = "best box, planes", "best box, rows"
NMS, CROWDED = "nms, 3 % pass", "nms, 24 % pass"
COUNTS = (300, 1_200, 6_300, 25_200, 100_800, 1_008_000)
"""Candidates; 25,200 are those of YOLOv5 at 640 x 640."""

ANCHORS = np.array([[1, 1.3], [3, 4], [6, 8]], np.float32)
SCORE, IOU = 0.5, 0.45


def head(count: int) -> NDArray[np.float32]:
    """(15, rows, 20) planes of three anchors: few places pass, one is the best."""
    random = np.random.default_rng(count)
    planes = random.normal(0, 1, (15, count // 60, 20)).astype(np.float32)
    planes[4::5] = random.normal(-6, 1.5, planes[4::5].shape)
    planes[9, planes.shape[1] // 2, 10] = 3
    return planes


def decoded(t: NDArray, anchor: int, row: int, col: int, grid: tuple[int, int]) -> NDArray:
    """x1, y1, x2, y2, score of one place."""
    gh, gw = grid
    x, y, score = 1 / (1 + np.exp(-t[[0, 1, 4]].astype(np.float64)))
    half_w, half_h = np.exp(t[2:4].astype(np.float64)) * ANCHORS[anchor] / (2 * gw, 2 * gh)
    x, y = (col + x) / gw, (row + y) / gh
    return np.array([x - half_w, y - half_h, x + half_w, y + half_h, score])


def best_of_planes(planes: NDArray, prefilter: bool) -> NDArray | None:
    """NumPy: sift by logit and decode what passes (`prefilter`), or only look for the highest."""
    _, gh, gw = planes.shape
    logits = planes.reshape(3, 5, -1)[:, 4]
    if prefilter:
        anchors, places = np.nonzero(logits >= 0)
        if not len(places):
            return None
        best = np.argmax(1 / (1 + np.exp(-logits[anchors, places])))
        anchor, place = anchors[best], places[best]
    else:
        anchor, place = divmod(int(logits.argmax()), gh * gw)
        if not logits[anchor, place] >= 0:
            return None
    t = planes.reshape(3, 5, -1)[anchor, :, place]
    return decoded(t, anchor, place // gw, place % gw, (gh, gw))


def best_of_rows(rows: NDArray, prefilter: bool) -> NDArray | None:
    """The same for (gh, gw, 15)."""
    gh, gw, _ = rows.shape
    each = rows.reshape(-1, 5)
    if prefilter:
        places = np.nonzero(each[:, 4] >= 0)[0]
        if not len(places):
            return None
        place = places[np.argmax(1 / (1 + np.exp(-each[places, 4])))]
    else:
        place = each[:, 4].argmax()
        if not each[place, 4] >= 0:
            return None
    cell, anchor = divmod(int(place), 3)
    return decoded(each[place], anchor, cell // gw, cell % gw, (gh, gw))


def crowd(count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (count, 4) around places that get more with their number, and scores (count,)."""
    random = np.random.default_rng(count)
    places = random.uniform(0, 640, (max(10, count // 125), 2))
    centre = places[random.integers(0, len(places), count)] + random.normal(0, 12, (count, 2))
    half = random.uniform(10, 40, (count, 2))
    boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    return boxes, random.uniform(0, 1, count).astype(np.float32)


def onnx_nms(count: int, score: float) -> Callable[[NDArray, NDArray], NDArray]:
    """ONNX Runtime's NonMaxSuppression on one thread."""
    constants: dict[str, NDArray] = {
        "most": np.array([count], np.int64),
        "iou": np.array([IOU], np.float32),
        "score": np.array([score], np.float32),
    }
    node = helper.make_node("NonMaxSuppression", ["boxes", "scores", *constants], ["kept"])
    graph = helper.make_graph(
        [node],
        "nms",
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, count, 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, count]),
        ],
        [helper.make_tensor_value_info("kept", TensorProto.INT64, [None, 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )

    def run(boxes: NDArray, scores: NDArray) -> NDArray:
        return session.run(None, {"boxes": boxes[None], "scores": scores[None, None]})[0][:, 2]

    return run


def best_cases() -> Iterator[Ways]:
    """The best box, by layout and number of candidates."""
    decode = partial(native.decode_yolo, score_threshold=SCORE, iou_threshold=IOU, top_k=1)
    for count in COUNTS:
        planes = head(count)
        rows = np.ascontiguousarray(np.moveaxis(planes, 0, 2))
        boxes, scores = decode(planes, ANCHORS)
        found = np.append(boxes[0], scores[0])
        for peer in (best_of_planes(planes, True), best_of_rows(rows, False)):
            assert peer is not None
            np.testing.assert_allclose(found, peer, rtol=1e-5, atol=1e-6)
        yield Ways(
            PLANAR,
            count,
            {
                OURS: partial(decode, planes, ANCHORS),
                "numpy, sifted": partial(best_of_planes, planes, True),
                "numpy, argmax": partial(best_of_planes, planes, False),
            },
        )
        yield Ways(
            ROWS,
            count,
            {
                OURS: partial(decode, rows, ANCHORS, layout="rows"),
                "numpy, sifted": partial(best_of_rows, rows, True),
                "numpy, argmax": partial(best_of_rows, rows, False),
            },
        )


def nms_cases(most: int = 100_800) -> Iterator[Ways]:
    """Full suppression, by the share that passes and the number of candidates up to `most`."""
    cv2.setNumThreads(1)
    for work, share in ((NMS, 0.03), (CROWDED, 0.24)):
        for count in (n for n in COUNTS if n <= most):
            boxes, scores = crowd(count)
            score = float(np.float32(1 - share))
            suppress = partial(native.nms, score_threshold=score, iou_threshold=IOU, top_k=count)
            peer = onnx_nms(count, score)
            ours = suppress(boxes, scores)
            np.testing.assert_array_equal(peer(boxes, scores), ours)
            sides = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
            calls: dict[str, Callable[[], object]] = {
                OURS: partial(suppress, boxes, scores),
                "ONNX Runtime": partial(peer, boxes, scores),
            }
            if count <= 25_200:  # beyond, one call takes seconds
                # It takes arrays, though its annotations ask for lists of lists.
                calls["cv2"] = partial(cv2.dnn.NMSBoxes, sides, scores, score, IOU)  # type: ignore[arg-type]
            yield Ways(work, count, calls)
