"""Cuts away the black corners of pictures that were turned, as LFW's "deep funneled" ones were.

Their straight edges look like those of a sheet held up, and have nothing to do with the person.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

BLACK = 6
"""Grey level: what was filled in, after a JPEG coder."""
LEFT = 0.02
"""Of a side of what is kept, at most so much is black."""
LEAST = 0.15
"""Face sizes that stay around the face, black or not."""


def trimmed(image: NDArray[np.uint8], box: NDArray[np.floating]) -> tuple[int, int, int, int]:
    """x1, y1, x2, y2 of the part of a picture (H, W, 3) without its black corners.

    box: (4,) of the face.
    """
    high, wide = image.shape[:2]
    dark = (image.max(axis=2) <= BLACK).astype(np.uint8)
    count, marks = cv2.connectedComponents(dark, connectivity=4)
    corners = {int(marks[y, x]) for y in (0, -1) for x in (0, -1)} - {0}
    if count < 2 or not corners:
        return 0, 0, wide, high
    black = np.isin(marks, list(corners))
    part = [0, 0, wide, high]
    reach = LEAST * float(max(box[2] - box[0], box[3] - box[1]))
    most = [box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach]
    while True:
        x1, y1, x2, y2 = part
        kept = black[y1:y2, x1:x2]
        sides = [kept[:, 0].mean(), kept[0].mean(), kept[:, -1].mean(), kept[-1].mean()]
        free = [x1 < most[0], y1 < most[1], x2 > most[2], y2 > most[3]]
        share, side = max(
            (s if f else 0.0, i) for i, (s, f) in enumerate(zip(sides, free, strict=True))
        )
        if share <= LEFT:
            return x1, y1, x2, y2
        part[side] += 1 if side < 2 else -1
