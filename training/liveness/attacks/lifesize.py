"""A photograph as large as life, held right before the face (`lifesize`).

Whoever holds it shows somebody else's head where their own would be. What is cut into such a
photograph, or out of it, is in `cutout`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import hold as holding
from training.liveness.attacks.hold import Bone
from training.liveness.attacks.layout import Laid, lay
from training.liveness.attacks.motion import Sway
from training.liveness.attacks.prints import Printed, Sheet
from training.liveness.attacks.ranges import span
from training.liveness.attacks.surface import Surface
from training.liveness.attacks.things import Shown

EYES = (slice(36, 42), slice(42, 48))
HOLDERS = 0.4
"""Share of the sheets whose holder's hands are seen."""


@dataclass(frozen=True, kw_only=True)
class LifeSize(Printed):
    """face: width of the printed face, cm. fit: of the print over the attacker's face. bend: angle
    over its width, degrees, about the vertical. tall: its height over its width. aside, down: of
    the printed face from the attacker's own, in face widths.
    """

    face: float = span([(12.5, 14.0), (15.5, 17.0)], (14.0, 15.5))
    fit: float = span([(0.85, 1.0), (1.1, 1.3)], (1.0, 1.1))
    bend: float = span([(5, 25), (50, 75)], (25, 50), share=0.6)
    tall: float = span([(1.0, 1.2), (1.45, 1.6)], (1.2, 1.45))
    aside: float = span([(-0.14, -0.06), (0.0, 0.1)], (-0.06, 0.0))
    down: float = span([(-0.1, 0.0), (0.08, 0.16)], (0.0, 0.08))


class Placing(NamedTuple):
    """A sheet on a face. face: width of the printed face, cm; across, tall: the sheet's width over
    it, and its height over its width; rise: of the face over its middle, face heights; fit, bend,
    aside, down: as `LifeSize` has them.
    """

    face: float
    across: float
    tall: float
    rise: float
    fit: float
    bend: float
    aside: float = 0.0
    down: float = 0.0


class BeforeFace(Sheet, ABC):
    """A sheet where the attacker's face is, printed eyes over their own."""

    def __init__(
        self, shown: Shown, first: Shown, p: Printed, there: bool, rng: np.random.Generator
    ) -> None:
        self._eyes = np.array([shown.points[e].mean(axis=0) for e in EYES])
        super().__init__(shown, first, p, there, rng)

    @abstractmethod
    def placing(self) -> Placing:
        """How large it is, and where."""

    def laying(self, shown: Shown) -> tuple[NDArray[np.float64], Laid]:
        """As large as the head and its hair, or as the photograph."""
        at = self.placing()
        wide = at.face * at.across
        half = np.array([wide / 2, wide / 2 * at.tall])
        portrait = replace(
            self.p.portrait, across=at.across, rise=at.rise, fitted=False, whole=False
        )
        area = np.concatenate([-half, half])
        laid = lay(shown, portrait, area)
        # No bare paper: the sheet ends where the picture does.
        return (laid.place[2:] - laid.place[:2]) / 2, laid

    def surface(self, now: Shown, sway: Sway) -> Surface:
        """Printed eyes over the attacker's eyes."""
        at, hold = self.placing(), self.p.hold
        printed = self.laid.on_medium(self._eyes)
        printed = printed[np.argsort(printed[:, 0])]
        real = np.array([now.points[e].mean(axis=0) for e in EYES])
        to = real[1] - real[0]
        scale = at.fit * float(np.hypot(*to)) / float(np.linalg.norm(printed[1] - printed[0]))
        slope = np.degrees(np.arctan2(to[1], to[0]))
        tilt = np.subtract(*(printed[::-1]))
        slope -= float(np.degrees(np.arctan2(tilt[1], tilt[0])))
        moved = 0.15 * np.array([sway.right, sway.down]) + (at.aside, at.down)
        middle = real.mean(axis=0) + now.face_width * moved
        # It is worn or held to the face, and so as far away as the face.
        angles = (
            0.4 * hold.yaw + 0.3 * sway.yaw,
            0.3 * hold.pitch + 0.3 * sway.pitch,
            float(slope) + 0.2 * sway.roll,
        )
        return Surface.holding(
            printed.mean(axis=0),
            middle,
            scale,
            hold.distance + 30,
            angles,
            now.image.shape[:2],
            bend=float(np.radians(at.bend)) / (2 * float(self.half[0])),
            light=(0.35, -0.35, -0.87),
        )

    def hands(self, rng: np.random.Generator) -> tuple[list[Bone], list[Bone]]:
        """At its edge; most are tied on, or held where the camera does not see it."""
        if rng.random() < 1 - HOLDERS:
            return [], []
        return holding.hands(self.p.hand, self.held(), rng)

    def held(self) -> NDArray[np.float64]:
        """Half size (2,) in cm of what a hand can take hold of."""
        return self.half


class LifeSizeSheet(BeforeFace):
    """An uncut photograph before a face."""

    p: LifeSize

    def placing(self) -> Placing:
        """As it was drawn."""
        p = self.p
        return Placing(
            p.face, p.portrait.across, p.tall, p.portrait.rise, p.fit, p.bend, p.aside, p.down
        )
