"""A picture in the making, and how pictures are laid on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector import geometry
from training.detector.geometry import Boxes, Matrix

Image = NDArray[np.uint8]
Region = tuple[int, int, int, int]
SEEN = 0.6
"""A face of which less is seen is neither a face nor none: it is ignored."""
FAINT = 12.0
"""So is one that is less high than this, in pixels."""


@dataclass
class Canvas:
    """A picture in the making.

    image: (H, W, 3) uint8 BGR. boxes: (4,) each, whole even where cut. sure: False is ignored.
    """

    image: Image
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    sure: list[bool] = field(default_factory=list)

    def add(self, boxes: Boxes, sure: NDArray[np.bool_], region: Region) -> None:
        """Faces that were laid into `region`; what is barely seen is dropped or ignored."""
        seen = geometry.visible(boxes, np.array(region, np.float32) - 0.5)
        high = boxes[:, 3] - boxes[:, 1]
        for box, certain, share, height in zip(boxes, sure, seen, high, strict=True):
            if share > 0.05:
                self.boxes.append(box)
                self.sure.append(bool(certain and share >= SEEN and height >= FAINT))

    def hidden_outside(self, region: Region) -> None:
        """Faces that reach out of `region`, which is all that is still seen, are judged again."""
        boxes, sure = self.arrays()
        self.boxes, self.sure = [], []
        self.add(boxes, sure, region)

    def arrays(self) -> tuple[Boxes, NDArray[np.bool_]]:
        """(n, 4) float32 and (n,) bool."""
        boxes = np.array(self.boxes, np.float32).reshape(-1, 4)
        return boxes, np.array(self.sure, bool)


def _masks() -> dict[str, NDArray[np.float32]]:
    """Alpha on 64 x 64: a rectangle with hard and with soft edges, and a soft ellipse."""
    ramp = np.minimum(np.arange(64), np.arange(64)[::-1]).astype(np.float32) + 1
    y, x = np.mgrid[-1:1:64j, -1:1:64j].astype(np.float32)
    radius = np.sqrt(x * x + y * y)
    distance = np.minimum(ramp[:, None], ramp[None])
    return {
        "hard": np.ones((64, 64), np.float32),
        "soft": np.clip(distance / 6, 0, 1),
        "ellipse": np.clip((1 - radius) / 0.22, 0, 1).astype(np.float32),
    }


MASKS = _masks()


def lay(
    canvas: Image,
    region: Region,
    picture: Image,
    matrix: Matrix,
    masks: list[tuple[str, NDArray[np.floating]]],
) -> None:
    """Lays a mapped picture into a region of the canvas.

    masks: (name in MASKS, box (4,) of the picture over which it is stretched); where there are
    several, the least counts. None: the picture covers all of the region.
    """
    height, width = picture.shape[:2]
    ends = geometry.bounds(matrix, width, height)
    x1, y1 = np.maximum(np.floor(ends[:2]).astype(int), region[:2])
    x2, y2 = np.minimum(np.ceil(ends[2:]).astype(int) + 1, region[2:])
    if x2 <= x1 or y2 <= y1:
        return
    size = (int(x2 - x1), int(y2 - y1))
    local = matrix - np.array([[0, 0, x1], [0, 0, y1]])
    warped = cv2.warpAffine(
        picture, local, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    target = canvas[y1:y2, x1:x2]
    if not masks:
        target[:] = warped
        return
    alpha = None
    for name, box in masks:
        stretch = (box[2:] - box[:2]) / 64
        onto = np.array(
            [[stretch[0], 0, box[0] + stretch[0] / 2], [0, stretch[1], box[1] + stretch[1] / 2]]
        )
        whole = local @ np.vstack([onto, [0, 0, 1]])
        one = cv2.warpAffine(MASKS[name], whole, size, flags=cv2.INTER_LINEAR)
        alpha = one if alpha is None else np.minimum(alpha, one)
    assert alpha is not None
    target[:] = cv2.blendLinear(warped, np.ascontiguousarray(target), alpha, 1 - alpha)
