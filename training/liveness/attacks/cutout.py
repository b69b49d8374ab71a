"""Prints that the attacker looks through, or wears: a photograph with holes for the eyes of whoever
is behind it (`cutout`), and a printed face cut out along the head (`facemask`).

Both are held like a mask: the printed eyes lie over the attacker's own. They are two species of
instrument: of the one the sheet is seen around the face, of the other nothing but its outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import compose
from training.liveness.attacks.lifesize import EYES, BeforeFace, Placing
from training.liveness.attacks.prints import Printed
from training.liveness.attacks.ranges import chance, span
from training.liveness.attacks.surface import Seen
from training.liveness.attacks.things import Shown

SUB = 3
"""Fractional bits of a polygon's corners."""


@dataclass(frozen=True, kw_only=True)
class CutOut(Printed):
    """A photograph with holes where the eyes are.

    face: width of the printed face, cm. hole_wide, hole_high: in eye widths. ragged: of the
    scissors, in face widths. fit: of the print over the attacker's face. bend: angle over its
    width, degrees, about the vertical.
    """

    face: float = span([(12.5, 14.0), (15.5, 17.0)], (14.0, 15.5))
    hole_wide: float = span([(1.0, 1.25), (1.5, 1.8)], (1.25, 1.5))
    hole_high: float = span([(0.55, 0.7), (0.9, 1.1)], (0.7, 0.9))
    ragged: float = span([(0.0, 0.008), (0.015, 0.025)], (0.008, 0.015))
    fit: float = span([(0.92, 1.0), (1.1, 1.2)], (1.0, 1.1))
    bend: float = span([(5, 25), (50, 75)], (25, 50), share=0.7)


@dataclass(frozen=True, kw_only=True)
class FaceMask(CutOut):
    """A printed face, cut along the head.

    holes: has them too. trim: of the cut line from the head's outline, in face widths.
    """

    holes: bool = chance(0.5)
    trim: float = span([(-0.06, 0.0), (0.05, 0.12)], (0.0, 0.05))


class CutSheet(BeforeFace):
    """A cut-out before a face."""

    p: CutOut

    def __init__(
        self, shown: Shown, first: Shown, p: CutOut, there: bool, rng: np.random.Generator
    ) -> None:
        super().__init__(shown, first, p, there, rng)
        self._paper = self._cut(shown, np.random.default_rng(int(rng.integers(2**62))))

    def placing(self) -> Placing:
        """As large as the head and its hair, or as the photograph."""
        p = self.p
        across = 1.75 if isinstance(p, FaceMask) else p.portrait.across
        return Placing(p.face, across, 1.36, -0.06, p.fit, p.bend)

    def covers(self, seen: Seen, scale: float) -> NDArray[np.float32]:
        """What the scissors left."""
        whole = compose.inside(seen, self.half, 0.0, scale)
        return whole * compose.sampled(self._paper, seen, self.half, self.per_cm)

    def held(self) -> NDArray[np.float64]:
        """What is left of the sheet."""
        return self.half * (0.58, 0.72) if isinstance(self.p, FaceMask) else self.half

    def _cut(self, shown: Shown, rng: np.random.Generator) -> NDArray[np.float32]:
        """(h, w) float32, 1 where there is paper."""
        p = self.p
        wide, high = (max(round(float(v) * 2 * self.per_cm), 4) for v in self.half)
        points = (self.laid.on_medium(shown.points) + self.half) * self.per_cm
        face = p.face * self.per_cm
        out = np.zeros((high, wide), np.uint8)
        if isinstance(p, FaceMask):
            _fill(out, head(points, p.trim * face, p.ragged * face, rng), 255)
        else:
            out[:] = 255
        if not isinstance(p, FaceMask) or p.holes:
            for eye in EYES:
                _fill(out, _hole(points[eye], p, face, rng), 0)
        return (out / np.float32(255)).astype(np.float32)


def head(
    points: NDArray[np.floating], grow: float, ragged: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(n, 2) outline of a head: its jaw, and half an ellipse over brow and hair.

    points: (68, 2). grow: how far outside it lies; ragged: deviation of the scissors, pixels.
    """
    jaw = np.asarray(points[:17], float)
    across = jaw[16] - jaw[0]
    up = np.array([across[1], -across[0]]) / (np.linalg.norm(across) + 1e-9)
    brow = points[17:27].mean(axis=0)
    if (brow - points[8]) @ up < 0:
        up = -up
    top = 0.9 * float((brow - points[8]) @ up)
    turn = np.linspace(0, np.pi, 18)[1:-1]
    middle = (jaw[0] + jaw[16]) / 2
    over = middle + np.cos(turn)[:, None] * across / 2 * 1.04 + np.sin(turn)[:, None] * up * top
    ring = np.vstack([jaw, over])
    out = ring - ring.mean(axis=0)
    far = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(ring + out / far * (grow + rng.normal(0, ragged + 1e-6, far.shape)))


def _hole(
    eye: NDArray[np.floating], p: CutOut, face: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    middle, to = eye.mean(axis=0), eye[3] - eye[0]
    wide = float(np.linalg.norm(to)) + 1e-6
    along = to / wide
    aside = np.array([-along[1], along[0]])
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)[:, None]
    size = wide / 2 * (1 + rng.normal(0, 2 * p.ragged, turn.shape))
    shape = np.cos(turn) * p.hole_wide * along + np.sin(turn) * p.hole_high * aside
    return np.asarray(middle + rng.normal(0, 0.01 * face, 2) + shape * size)


def _fill(mask: NDArray[np.uint8], ring: NDArray[np.floating], value: int) -> None:
    corners = np.round(ring * 2**SUB).astype(np.int32)
    cv2.fillPoly(mask, [corners], (value,), cv2.LINE_AA, SUB)
