"""How a held thing moves: slowly, smoothly, never twice the same, and never quite still."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from training.liveness.attacks.hold import Hold
from training.liveness.attacks.ranges import span


@dataclass(frozen=True)
class Motion:
    """Amplitudes: turn, degrees; drift, face widths; approach, share of the distance. period: s of
    the slowest part. tremor: share of each amplitude that is fast (4 to 10 a second).
    """

    turn: float = span([(0.5, 2.5), (6.0, 14.0)], (2.5, 6.0))
    drift: float = span([(0.02, 0.08), (0.2, 0.35)], (0.08, 0.2))
    approach: float = span([(0.01, 0.04), (0.1, 0.2)], (0.04, 0.1))
    period: float = span([(1.2, 2.2), (3.5, 6.0)], (2.2, 3.5))
    tremor: float = span([(0.01, 0.03), (0.05, 0.09)], (0.03, 0.05))


class Sway(NamedTuple):
    """Away from where it was first held. bend: -1..1, share of a paper's own."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    right: float = 0.0
    down: float = 0.0
    nearer: float = 0.0
    bend: float = 0.0

    def moved(self, hold: Hold) -> Hold:
        """The hold of this moment."""
        return replace(
            hold,
            distance=hold.distance * (1 - self.nearer),
            size=hold.size / (1 - self.nearer),
            yaw=hold.yaw + self.yaw,
            pitch=hold.pitch + self.pitch,
            roll=hold.roll + self.roll,
            right=hold.right + self.right,
            down=hold.down + self.down,
        )


class Path:
    """A motion in time: two slow waves and a tremor for each way of moving."""

    def __init__(self, motion: Motion, rng: np.random.Generator) -> None:
        n = len(Sway._fields)
        self._motion = motion
        slow = 1 / motion.period
        self._rates = np.stack(
            [
                rng.uniform(0.7, 1.3, n) * slow,
                rng.uniform(1.6, 2.8, n) * slow,
                rng.uniform(4, 10, n),
            ]
        )
        self._phases = rng.uniform(0, 2 * np.pi, (3, n))
        m = motion
        self._size = np.array([m.turn, m.turn * 0.7, m.turn * 0.4, m.drift, m.drift, m.approach, 1])

    def at(self, seconds: float) -> Sway:
        """Where it is then."""
        waves = np.sin(2 * np.pi * self._rates * seconds + self._phases)
        shares = np.array([0.7, 0.3, self._motion.tremor])
        return Sway(*(float(v) for v in self._size * (shares @ waves)))
