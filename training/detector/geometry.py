"""Where a face goes on a canvas: affine maps, and what they make of its box.

Coordinates are pixels whose centres lie at integers; boxes are (x1, y1, x2, y2); a map is a 2x3
matrix from picture to canvas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
Matrix = NDArray[np.float64]

TURNED = 0.4
"""Share of the faces that are turned evenly, unless another is asked for."""


@dataclass(frozen=True)
class Turn:
    """How a face is changed on its way.

    angle: radians, clockwise seen. flip: mirrored left to right first. stretch: width against
    height. shear: sideways shift of the top against the bottom.
    """

    angle: float = 0.0
    flip: bool = False
    stretch: float = 1.0
    shear: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, turned: float = TURNED) -> Turn:
        """A share `turned` anywhere within 38 degrees, the others about upright (a Gaussian of 10
        degrees); half of all mirrored."""
        degrees = rng.uniform(-38, 38) if rng.random() < turned else rng.normal(0, 10)
        return cls(
            float(np.radians(np.clip(degrees, -38, 38))),
            bool(rng.random() < 0.5),
            float(np.exp(rng.normal(0, 0.06))),
            float(rng.normal(0, 0.04)),
        )

    def linear(self, scale: float) -> Matrix:
        """(2, 2)."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        wide = np.sqrt(self.stretch)
        shape = np.array([[(-wide if self.flip else wide), self.shear], [0.0, 1 / wide]])
        return scale * np.array([[c, -s], [s, c]]) @ shape


def placed(
    box: NDArray[np.floating], turn: Turn, height: float, centre: tuple[float, float]
) -> Matrix:
    """The map that brings the middle of `box` to `centre` and its height to `height` pixels.

    The height is that of the face before it is turned.
    """
    scale = height / float(box[3] - box[1])
    linear = turn.linear(scale)
    middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], np.float64)
    return np.column_stack([linear, np.asarray(centre, np.float64) - linear @ middle])


def carried(boxes: Boxes, matrix: Matrix) -> Boxes:
    """Boxes (n, 4) of the faces after the map.

    A face is taken for the ellipse inscribed in its box: the result bounds that ellipse's image,
    which is tighter, and truer, than the bounds of the four corners.
    """
    linear, shift = matrix[:, :2], matrix[:, 2]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 @ linear.T + shift
    axes = (boxes[:, 2:] - boxes[:, :2]) / 2
    half = np.sqrt((axes**2) @ (linear**2).T)
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def visible(boxes: Boxes, region: NDArray[np.floating]) -> NDArray[np.float64]:
    """Share (n,) of each box's area that lies in `region` (x1, y1, x2, y2)."""
    low, high = np.maximum(boxes[:, :2], region[:2]), np.minimum(boxes[:, 2:], region[2:])
    inside = np.prod(np.clip(high - low, 0, None), axis=1)
    return inside / np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-6)


def bounds(matrix: Matrix, width: int, height: int) -> NDArray[np.float64]:
    """The box (4,) around a mapped picture of that size."""
    right, low = width - 0.5, height - 0.5
    corners = np.array([[-0.5, -0.5, 1], [right, -0.5, 1], [-0.5, low, 1], [right, low, 1]])
    ends = corners @ matrix.T
    return np.concatenate([ends.min(axis=0), ends.max(axis=0)])


def covers(matrix: Matrix, width: int, height: int, region: tuple[int, int, int, int]) -> bool:
    """Whether a picture of that size, mapped, fills the region (x1, y1, x2, y2, ends excluded)."""
    x1, y1, x2, y2 = region
    corners = np.array([[x1, y1], [x2 - 1, y1], [x1, y2 - 1], [x2 - 1, y2 - 1]], np.float64)
    back = np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T)
    return bool(
        (back >= -0.5).all() and (back[0] <= width - 0.5).all() and (back[1] <= height - 0.5).all()
    )


def iou(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union (n, m) of boxes (n, 4) and (m, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(np.clip(v[:, 2:] - v[:, :2], 0, None), axis=1) for v in (a, b)]
    union = areas[0][:, None] + areas[1][None] - inter
    return np.asarray(inter / np.maximum(union, 1e-9), np.float64)
