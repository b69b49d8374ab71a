"""What the door's liveness network is shown: squares around the face, cut as the device cuts.

The nearest shows the face's surface, the next what holds it, the widest what it is part of: sheet,
screen, shoulders. The same `InputSpec` goes into the pack's manifest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import native
from edge.packs import preprocess
from edge.packs.schema import BoxesFit, BoxFit, InputSpec

SIZE = 72
"""Side of each crop, pixels."""
SCALES = (1.4, 3.0, 7.0)
"""Sides of the squares in face sizes. MiniFASNet's (Minivision 2020) end at 4. With those a network
of this size took whole frames on sheets and screens for live, whose edges, bezels and hands were in
the camera's picture, beyond four face sizes."""

BORDER = 128
"""Grey level beyond the frame. Repeating the frame's edge would draw streaks beside the face, which
look like the edges of a sheet; nothing in the world is as even as this."""

Image = NDArray[np.uint8]


def input_spec(size: int = SIZE, scales: tuple[float, ...] = SCALES) -> InputSpec:
    """RGB, -1..1, the crops one below another."""
    crops = tuple(BoxFit(kind="box", scale=s, border=BORDER) for s in scales)
    return InputSpec(
        name="image",
        width=size,
        height=size * len(scales),
        colour="rgb",
        mean=(127.5,) * 3,
        std=(127.5,) * 3,
        fit=BoxesFit(kind="boxes", crops=crops),
    )


def scales_of(spec: InputSpec) -> tuple[float, ...]:
    """Sides of the squares of an input, in face sizes."""
    return tuple(part.fit.scale for part in spec.parts if isinstance(part.fit, BoxFit))


def cut(image: Image, box: NDArray[np.floating], spec: InputSpec) -> Image:
    """(height, width, 3) uint8 BGR: the device's own crops before colour order and scaling."""
    matrices = preprocess.face_matrices(spec, box)
    return np.concatenate(
        [pixels(image, m, part) for m, part in zip(matrices, spec.parts, strict=True)]
    )


def pixels(image: Image, matrix: NDArray[np.float64], part: InputSpec) -> Image:
    """(height, width, 3) uint8 BGR of one crop; its border, if any, a whole grey level."""
    border = part.fit.border if isinstance(part.fit, BoxFit) else None
    whole = None if border is None else round(border)
    return native.warp_u8(image, matrix, part.height, part.width, border=whole)


def planes(image: Image) -> Image:
    """(3, H, W) RGB of (H, W, 3) BGR."""
    return np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))


@dataclass(frozen=True)
class Jitter:
    """How far a detector's box strays from one frame to the next: standard deviations.

    size: share of the box, logarithmic. shift: share of its longer side.
    """

    size: float = 0.10
    shift: float = 0.05

    def draw(self, box: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float64]:
        """Another box (4,) that could be this face's."""
        x1, y1, x2, y2 = (float(v) for v in box)
        grow = np.exp(rng.normal(0, self.size, 2))
        half = np.array([x2 - x1, y2 - y1]) / 2 * grow
        reach = max(x2 - x1, y2 - y1)
        middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2]) + rng.normal(0, self.shift, 2) * reach
        return np.concatenate([middle - half, middle + half])
