"""The lock and its pulse. Nothing in here knows of faces."""

from __future__ import annotations

from urllib.parse import parse_qsl

from edge.door.clock import Clock, MonotonicClock, SimulatedClock
from edge.door.door import Door, DoorEvent
from edge.door.exit_button import ExitButton, SimulatedButton
from edge.door.lock import Lock
from edge.door.simulated import SimulatedLock, Transition
from edge.errors import LockUriError

__all__ = [
    "Clock",
    "Door",
    "DoorEvent",
    "ExitButton",
    "Lock",
    "MonotonicClock",
    "SimulatedButton",
    "SimulatedClock",
    "SimulatedLock",
    "Transition",
    "open_exit_button",
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
    where = _gpio_line("lock", uri)
    if where is None:
        return SimulatedLock(clock or MonotonicClock())
    # Only here: libgpiod is there on Linux alone, the simulated lock everywhere.
    from edge.door.gpiod_lock import GpiodLock

    chip, line, active_low = where
    return GpiodLock(chip, line, active_low=active_low)


def open_exit_button(uri: str) -> ExitButton:
    """Claim the input of the request-to-exit button that the URI names, as `open_lock` does.

    uri: `simulated:` or `gpiod:CHIP/LINE`, with `?active_low=1` if pressing makes the level low.

    Raises LockUriError, LineNotFound, LineBusy or DoorError.
    """
    where = _gpio_line("exit button", uri)
    if where is None:
        return SimulatedButton()
    from edge.door.gpiod_button import GpiodButton

    chip, line, active_low = where
    return GpiodButton(chip, line, active_low=active_low)


def _gpio_line(what: str, uri: str) -> tuple[str, str, bool] | None:
    """Chip, line and whether it is active-low; None for `simulated:`."""
    scheme, colon, rest = uri.partition(":")
    if scheme == "simulated" and colon:
        if rest:
            raise LockUriError(f"{what} {uri!r}: `simulated:` takes nothing after the colon")
        return None
    if scheme == "gpiod" and colon:
        where, _, query = rest.partition("?")
        chip, slash, line = where.rpartition("/")
        if not (chip and slash and line):
            raise LockUriError(f"{what} {uri!r}: write gpiod:CHIP/LINE")
        return chip, line, _active_low(what, uri, query)
    raise LockUriError(f"{what} {uri!r}: known are simulated: and gpiod:CHIP/LINE?active_low=0|1")


def _active_low(what: str, uri: str, query: str) -> bool:
    """Polarity decides whether idle means shut, so a misspelt option must not pass for none."""
    if not query:
        return False
    try:
        options = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise LockUriError(f"{what} {uri!r}: {error}") from error
    if len(options) != 1 or options[0][0] != "active_low" or options[0][1] not in ("0", "1"):
        raise LockUriError(f"{what} {uri!r}: the one option is active_low=0 or active_low=1")
    return options[0][1] == "1"
