"""Face boxes of a frame, by the pack's detector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import native
from edge.packs import Pack, preprocess

MAX_FACES = 8
"""More faces than this are not told apart; the door needs only to know that there is not one."""


def detect(pack: Pack, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (n, 4) in frame pixels (x1, y1, x2, y2) and scores (n,), best first, n <= 8.

    image: (H, W, 3) uint8 BGR. All candidates down to the head's `score_threshold`.
    """
    role = pack.manifest.roles.detector
    spec, head = role.input, role.head
    assert spec.fit.kind == "letterbox"  # the schema admits nothing else
    matrix = preprocess.frame_matrix(spec.fit, spec, image.shape[0], image.shape[1])
    (planes,) = pack.detector.run(preprocess.tensor(image, matrix, spec))
    boxes, scores = native.decode_yolo(
        np.ascontiguousarray(planes[0]),
        np.array(head.anchors, np.float32),
        score_threshold=head.score_threshold,
        iou_threshold=head.iou_threshold,
        top_k=MAX_FACES,
    )
    # From fractions of the input's area to pixel coordinates of its pixel centres.
    corners = boxes.reshape(-1, 2) * np.array([spec.width, spec.height], np.float32) - 0.5
    return preprocess.to_frame(corners, matrix).reshape(-1, 4), scores
