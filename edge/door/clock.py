"""The clock that the door goes by, passed in so that a test owns time."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Something that tells seconds since a fixed moment of its own choosing."""

    def now(self) -> float:
        """Seconds, never less than at an earlier call (the door treats less as a fault)."""
        ...


class MonotonicClock:
    """The kernel's monotonic clock: not moved by NTP or by someone setting the date."""

    def now(self) -> float:
        """Seconds since an unspecified start, usually the boot."""
        return time.monotonic()


class SimulatedClock:
    """Time that passes only when told to."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds, as last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` >= 0 pass. Raises ValueError for less; see `jump`."""
        if not seconds >= 0:
            raise ValueError(f"time advances by 0 s or more, not {seconds}")
        self._now += seconds

    def jump(self, t: float) -> None:
        """Set the time to `t` seconds, backwards too: a clock that is broken."""
        self._now = t
