"""Face boxes of a frame, by the pack's detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import native
from edge.errors import ModelMismatch
from edge.packs import Pack, preprocess
from edge.packs.schema import BoxesHead, DetectorHead

MAX_FACES = 8
"""More faces than this are not told apart; the door needs only to know that there is not one."""

CANDIDATES = 256
"""Of each of several levels so many boxes, the best, compete for a place; a face makes tens."""


def decode(
    head: DetectorHead, outputs: Sequence[NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (n, 4) in 0..1 of the network's input and scores (n,), best first, n <= 8.

    outputs: those that the head names, in its order: planes (1, A·5, gh, gw) of each level, or
    boxes (1, N, 4) and scores (1, N).

    Raises ModelMismatch when their shapes are not those of the head.
    """
    if isinstance(head, BoxesHead):
        return _best(head, *_boxes(head, outputs))
    # With several levels nothing is suppressed within one: what suppresses a box there might
    # itself give way to a better box of another level.
    alone = len(head.levels) == 1
    found = []
    for level, planes in zip(head.levels, outputs, strict=True):
        if planes.ndim != 4 or planes.shape[:2] != (1, 5 * len(level.anchors)):
            raise ModelMismatch(
                f"detector output {level.output!r} has shape {planes.shape}; "
                f"{len(level.anchors)} anchors need (1, {5 * len(level.anchors)}, rows, columns)"
            )
        found.append(
            native.decode_yolo(
                np.ascontiguousarray(planes[0]),
                np.array(level.anchors, np.float32),
                score_threshold=head.score_threshold,
                iou_threshold=head.iou_threshold if alone else 1.0,
                top_k=MAX_FACES if alone else CANDIDATES,
            )
        )
    if alone:
        return found[0]
    boxes, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    return _best(head, boxes, scores)


def _boxes(
    head: BoxesHead, outputs: Sequence[NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    boxes, scores = outputs
    if boxes.ndim != 3 or boxes.shape != (*scores.shape, 4) or len(scores) != 1:
        raise ModelMismatch(
            f"detector outputs {head.boxes!r} and {head.scores!r} have shapes {boxes.shape} and "
            f"{scores.shape}, not (1, N, 4) and (1, N)"
        )
    return np.ascontiguousarray(boxes[0]), np.ascontiguousarray(scores[0])


def _best(
    head: DetectorHead, boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The boxes that stay, best first."""
    kept = native.nms(
        boxes,
        scores,
        score_threshold=head.score_threshold,
        iou_threshold=head.iou_threshold,
        top_k=MAX_FACES,
    )
    return boxes[kept], scores[kept]


def detect(pack: Pack, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (n, 4) in frame pixels (x1, y1, x2, y2) and scores (n,), best first, n <= 8.

    image: (H, W, 3) uint8 BGR. All candidates down to the head's `score_threshold`.
    """
    role = pack.manifest.roles.detector
    spec, head = role.input, role.head
    assert spec.fit.kind == "letterbox"  # the schema admits nothing else
    matrix = preprocess.frame_matrix(spec.fit, spec, image.shape[0], image.shape[1])
    boxes, scores = decode(head, pack.detector.run(preprocess.tensor(image, matrix, spec)))
    # From fractions of the input's area to pixel coordinates of its pixel centres.
    corners = boxes.reshape(-1, 2) * np.array([spec.width, spec.height], np.float32) - 0.5
    return preprocess.to_frame(corners, matrix).reshape(-1, 4), scores
