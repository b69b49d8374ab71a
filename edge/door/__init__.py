"""The lock and its pulse. Nothing in here knows of faces."""

from __future__ import annotations

from urllib.parse import parse_qsl

from edge.door.clock import Clock, MonotonicClock, SimulatedClock
from edge.door.door import Door, DoorEvent
from edge.door.lock import Lock
from edge.door.simulated import SimulatedLock, Transition
from edge.errors import LockUriError

__all__ = [
    "Clock",
    "Door",
    "DoorEvent",
    "Lock",
    "MonotonicClock",
    "SimulatedClock",
    "SimulatedLock",
    "Transition",
    "open_lock",
]


def open_lock(uri: str, clock: Clock | None = None) -> Lock:
    """Claim the lock that the URI names, secured. There is no fallback from one to another.

    uri: `simulated:` or `gpiod:CHIP/LINE`, with `?active_low=1` if a low level opens. CHIP is a
        chip's label or device path, LINE a line's name or offset.
    clock: what the simulated lock's history goes by; the kernel's monotonic clock if None.

    Raises LockUriError for anything else, LineNotFound, LineBusy or DoorError if the line
    cannot be claimed.
    """
    scheme, colon, rest = uri.partition(":")
    if scheme == "simulated" and colon:
        if rest:
            raise LockUriError(f"lock {uri!r}: `simulated:` takes nothing after the colon")
        return SimulatedLock(clock or MonotonicClock())
    if scheme == "gpiod" and colon:
        where, _, query = rest.partition("?")
        chip, slash, line = where.rpartition("/")
        if not (chip and slash and line):
            raise LockUriError(f"lock {uri!r}: write gpiod:CHIP/LINE")
        # Only here: libgpiod is there on Linux alone, the simulated lock everywhere.
        from edge.door.gpiod_lock import GpiodLock

        return GpiodLock(chip, line, active_low=_active_low(uri, query))
    raise LockUriError(f"lock {uri!r}: known are simulated: and gpiod:CHIP/LINE?active_low=0|1")


def _active_low(uri: str, query: str) -> bool:
    """Polarity decides whether idle means shut, so a misspelt option must not pass for none."""
    if not query:
        return False
    try:
        options = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise LockUriError(f"lock {uri!r}: {error}") from error
    if len(options) != 1 or options[0][0] != "active_low" or options[0][1] not in ("0", "1"):
        raise LockUriError(f"lock {uri!r}: the one option is active_low=0 or active_low=1")
    return options[0][1] == "1"
