"""What the door's liveness network is shown: two squares around the face, cut as the device cuts.

The nearer one shows the face and what holds it, the wider one what it is part of: sheet, screen,
shoulders. The same `InputSpec` goes into the pack's manifest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import native
from edge.packs import preprocess
from edge.packs.schema import BoxesFit, BoxFit, InputSpec

SIZE = 80
"""Side of each crop, pixels."""
SCALES = (2.7, 4.0)
"""Sides of the squares in face sizes, as MiniFASNet's (Minivision 2020)."""

Image = NDArray[np.uint8]


def input_spec(size: int = SIZE, scales: tuple[float, ...] = SCALES) -> InputSpec:
    """RGB, -1..1, the crops one below another; the nearest pixel of the frame lies beyond it."""
    return InputSpec(
        name="image",
        width=size,
        height=size * len(scales),
        colour="rgb",
        mean=(127.5,) * 3,
        std=(127.5,) * 3,
        fit=BoxesFit(kind="boxes", crops=tuple(BoxFit(kind="box", scale=s) for s in scales)),
    )


def cut(image: Image, box: NDArray[np.floating], spec: InputSpec) -> Image:
    """(height, width, 3) uint8 BGR: the device's own crops before colour order and scaling."""
    parts = [
        native.warp_u8(image, matrix, part.height, part.width, border=None)
        for matrix, part in zip(preprocess.face_matrices(spec, box), spec.parts, strict=True)
    ]
    return np.concatenate(parts)


def planes(image: Image) -> Image:
    """(3, H, W) RGB of (H, W, 3) BGR."""
    return np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))


@dataclass(frozen=True)
class Jitter:
    """How far a detector's box strays from one frame to the next: standard deviations.

    size: share of the box, logarithmic. shift: share of its longer side.
    """

    size: float = 0.06
    shift: float = 0.04

    def draw(self, box: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float64]:
        """Another box (4,) that could be this face's."""
        x1, y1, x2, y2 = (float(v) for v in box)
        grow = np.exp(rng.normal(0, self.size, 2))
        half = np.array([x2 - x1, y2 - y1]) / 2 * grow
        reach = max(x2 - x1, y2 - y1)
        middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2]) + rng.normal(0, self.shift, 2) * reach
        return np.concatenate([middle - half, middle + half])
