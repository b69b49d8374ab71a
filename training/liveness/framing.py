"""How much of a picture a camera sees: the same draws for living faces and for scenes of attacks.

So that size, framing and borders of a picture say nothing about what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import Shown

LEAST_FACE = 44.0
"""Pixels across a face below which no picture is made smaller."""
TIGHT = (2.2, 2.8)
"""Sides of close framings in sizes of the face's box, as LFW's pictures have."""


@dataclass(frozen=True)
class Framing:
    """The part of a picture that is kept and the size that it gets. part: x1, y1, x2, y2 pixels.
    scale: pixels of the frame a pixel.
    """

    part: tuple[int, int, int, int]
    scale: float
    mirrored: bool

    @classmethod
    def draw(cls, of: Shown, rng: np.random.Generator) -> Framing:
        """For a picture, or for the film that begins with it."""
        high, wide = of.image.shape[:2]
        size = float((of.box[2:] - of.box[:2]).max())
        part = (0, 0, wide, high)
        if wide > 3 * size and rng.random() < 0.4:
            part = _around(of.box, rng.uniform(*TIGHT) * size, wide, high, rng)
        elif rng.random() < 0.3:
            side = float(rng.uniform(0.8, 1)) * min(wide, high)
            part = _around(of.box, max(side, 1.2 * size), wide, high, rng)
        least = min(LEAST_FACE / of.face_width, 1.0)
        scale = (
            1.0 if rng.random() < 0.25 else float(np.exp(rng.uniform(np.log(0.6), np.log(1.15))))
        )
        return cls(part, max(scale, least), bool(rng.random() < 0.5))

    @classmethod
    def whole(cls, of: Shown, rng: np.random.Generator) -> Framing:
        """All of a frame as it is, or its mirror image."""
        high, wide = of.image.shape[:2]
        return cls((0, 0, wide, high), 1.0, bool(rng.random() < 0.5))

    def apply(self, to: Shown) -> Shown:
        """The frame, and where the face lies in it."""
        x1, y1, x2, y2 = self.part
        cut = to.image[y1:y2, x1:x2]
        wide, high = (max(round(n * self.scale), 8) for n in (x2 - x1, y2 - y1))
        how = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
        image = cv2.resize(cut, (wide, high), interpolation=how) if self.scale != 1 else cut
        factor = np.array([wide / (x2 - x1), high / (y2 - y1)])

        def moved(points: NDArray[np.floating]) -> NDArray[np.float32]:
            out = (points + 0.5 - (x1, y1)) * factor - 0.5
            if self.mirrored:
                out[:, 0] = wide - 1 - out[:, 0]
            return np.asarray(out, np.float32)

        box, points = moved(to.box.reshape(2, 2)), moved(to.points)
        if self.mirrored:
            image = image[:, ::-1]
            points = points[MIRRORED]
            box = np.array([[box[1, 0], box[0, 1]], [box[0, 0], box[1, 1]]], np.float32)
        return Shown(np.ascontiguousarray(image), box.ravel(), points, to.person)


def _mirrored() -> NDArray[np.int64]:
    """Which of the 68 points each becomes in a mirror."""
    order = np.arange(68)
    order[:17] = order[:17][::-1]
    order[17:27] = order[17:27][::-1]
    order[31:36] = order[31:36][::-1]
    order[36:42] = [45, 44, 43, 42, 47, 46]
    order[42:48] = [39, 38, 37, 36, 41, 40]
    order[48:55] = order[48:55][::-1]
    order[55:60] = order[55:60][::-1]
    order[60:65] = order[60:65][::-1]
    order[65:68] = order[65:68][::-1]
    return order


MIRRORED = _mirrored()


def _around(
    box: NDArray[np.floating], side: float, wide: int, high: int, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """A square about `side` pixels large, or what of it is in the picture, near a box's middle."""
    w, h = min(round(side), wide), min(round(side), high)
    stray = rng.normal(0, 0.06, 2) * side
    x = round(float(np.clip((box[0] + box[2] - w) / 2 + stray[0], 0, wide - w)))
    y = round(float(np.clip((box[1] + box[3] - h) / 2 + stray[1], 0, high - h)))
    return x, y, x + w, y + h
