"""The door as it would be, on film time: the real `Door` with a lock that only remembers."""

from __future__ import annotations

from edge.config import Lock
from edge.door import Door, DoorEvent, SimulatedClock, SimulatedLock
from edge.pipeline import Step


class FilmDoor:
    """Feed it steps; it opens, relocks and rests as configured. A context manager would add
    nothing: there is no hardware to let go of."""

    def __init__(self, lock: Lock, start: float) -> None:
        """start: seconds of the first frame's clock."""
        self._clock = SimulatedClock(start)
        self.openings: list[tuple[float, str]] = []
        self._door = Door(
            SimulatedLock(self._clock), self._clock, lock.pulse_s, lock.cooldown_s, self._note
        )
        self.opened_for: str | None = None

    @property
    def is_open(self) -> bool:
        return self._door.is_open

    def step(self, step: Step) -> None:
        """Let time pass to the frame's, then act on its decision."""
        self._clock.jump(step.observation.t)
        self._door.tick()
        if step.decision.verdict == "grant" and step.decision.person is not None:
            self._door.grant(step.decision.person)
        if not self.is_open:
            self.opened_for = None

    def _note(self, event: DoorEvent) -> None:
        if event.kind == "opening" and event.person is not None:
            self.openings.append((event.t, event.person))
            self.opened_for = event.person
