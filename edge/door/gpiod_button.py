"""The request to exit on a GPIO line, through the kernel's character device (libgpiod 2).

The kernel stamps and queues edges, so a press shorter than any polling is seen. The line is pulled
to its resting level where the chip can do so: an input left floating would open the door by itself.
"""

from __future__ import annotations

import errno
from datetime import timedelta

import gpiod
from gpiod.line import Bias, Direction, Edge

from edge.door.exit_button import ExitButton
from edge.door.gpiod_lock import find_chip, find_line, open_chip
from edge.errors import DoorError, LineBusy

CONSUMER = "face-gate exit"
DEBOUNCE = timedelta(milliseconds=30)


class GpiodButton(ExitButton):
    """One input line; the kernel gives it to one holder only."""

    def __init__(self, chip: str, line: str, *, active_low: bool = False) -> None:
        """Claim the line.

        chip, line: as for `GpiodLock`. active_low: True if pressing makes the level low.

        Raises LineNotFound, LineBusy, DoorError like `GpiodLock`.
        """
        super().__init__(f"gpiod:{chip}/{line}")
        path = find_chip(chip)
        with open_chip(path) as device:
            offset = find_line(device, line)
            info = device.get_line_info(offset)
            try:
                self._request = device.request_lines(
                    consumer=CONSUMER, config={offset: button_settings(active_low)}
                )
            except OSError as error:
                where = f"exit button: line {line} (offset {offset}) of GPIO chip {chip} ({path})"
                if error.errno == errno.EBUSY:
                    holder = info.consumer or "the kernel"
                    raise LineBusy(f"{where} is in use by {holder!r}; stop that first") from error
                raise DoorError(f"{where} cannot be claimed: {error.strerror}") from error

    def pressed(self, timeout_s: float) -> bool:
        try:
            if not self._request.wait_edge_events(timeout_s):
                return False
            return bool(self._request.read_edge_events())
        except OSError as error:
            raise DoorError(f"{self.name}: the exit button cannot be read: {error}") from error

    def close(self) -> None:
        if self._request:
            self._request.release()


def button_settings(active_low: bool) -> gpiod.LineSettings:
    """An input at rest unless pressed, that reports the beginning of each press."""
    return gpiod.LineSettings(
        direction=Direction.INPUT,
        edge_detection=Edge.RISING,  # of the logical value: the press, whatever its level
        bias=Bias.PULL_UP if active_low else Bias.PULL_DOWN,
        active_low=active_low,
        debounce_period=DEBOUNCE,
    )
