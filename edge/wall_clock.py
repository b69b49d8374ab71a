"""The time of day, or None where it cannot be relied upon.

Small computers have no clock of their own: after a power cut they begin somewhere in the past,
until the network tells the time. So local time is known only while the kernel says that its clock
is synchronised, and no longer once it has jumped: whoever can set a clock could choose the hour.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from datetime import datetime

JUMP_S = 5.0
"""A wall clock that has moved so far against the steady one since it was first known has jumped."""
_TIME_ERROR = 5
_TIMEX = 512  # bytes: more than any architecture's struct timex has


def kernel_synchronised() -> bool:
    """Whether the kernel's clock is synchronised, by adjtimex(2); False where it cannot say."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False
    state = int(adjtimex(ctypes.create_string_buffer(_TIMEX)))  # modes = 0: it only reads
    return 0 <= state < _TIME_ERROR


def _steady() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # counts on while suspended


class WallClock:
    """Local time while it is known. Once it has jumped it stays unknown for this object's life.

    Summer time is no jump: what is compared is UTC.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = _steady,
        synchronised: Callable[[], bool] = kernel_synchronised,
    ) -> None:
        self._wall, self._steady, self._synchronised = wall, steady, synchronised
        self._apart: float | None = None
        self.jumped = False

    def now(self) -> datetime | None:
        """Local time, or None: not synchronised, or it has jumped since it first was."""
        if self.jumped or not self._synchronised():
            return None
        wall = self._wall()
        apart = wall - self._steady()
        if self._apart is None:
            self._apart = apart
        self.jumped = not abs(apart - self._apart) <= JUMP_S
        return None if self.jumped else datetime.fromtimestamp(wall)
