"""A lock without hardware that remembers what was done to it and when.

It ships, and is opened like any other, so that the whole product runs on a laptop and a test can
read as a specification: after this, the lock was in these states at these times.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.door.clock import Clock
from edge.door.lock import Lock


@dataclass(frozen=True, slots=True)
class Transition:
    """The lock came into this state at `t` seconds of its clock."""

    t: float
    secured: bool


class SimulatedLock(Lock):
    """A lock in memory. `history` starts with the secured state at its making."""

    def __init__(self, clock: Clock, name: str = "simulated") -> None:
        super().__init__(name)
        self._clock = clock
        self.history: list[Transition] = [Transition(clock.now(), True)]

    def _drive(self, *, secured: bool) -> None:
        if secured != self.history[-1].secured:
            self.history.append(Transition(self._clock.now(), secured))

    def _is_secured(self) -> bool:
        return self.history[-1].secured

    def _free(self) -> None:
        pass
