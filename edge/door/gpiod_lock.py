"""A lock on a GPIO line, through the kernel's character device (libgpiod 2).

The line's logical "active" means open, so `active_low` covers relay boards that switch on a low
level, and magnets that must lose power to open. Direction and level are claimed in one request:
setting the direction first would let an active-low relay blip open.

After the line is let go of, its level is the driver's business (some keep it, some make it an
input). Wire a pull resistor so that an undriven line means secured.
"""

from __future__ import annotations

import errno
from pathlib import Path

import gpiod
from gpiod.line import Direction, Drive, Value

from edge.door.lock import Lock
from edge.errors import DoorError, LineBusy, LineNotFound

CONSUMER = "face-gate"


class GpiodLock(Lock):
    """One output line. Two objects, or two programs, cannot hold the same one: the kernel says
    busy, and that is LineBusy here."""

    def __init__(self, chip: str, line: str, *, active_low: bool = False) -> None:
        """Claim the line, secured.

        chip: the chip's label (`pinctrl-rp1`) or its device path (`/dev/gpiochip0`). Labels are
            the same at every boot, numbers are not.
        line: the line's name (`GPIO17`), or its offset on the chip where no line is named so.
        active_low: True if a low level opens.

        Raises LineNotFound if there is no such chip or line or the name is not unique, LineBusy
        if someone holds the line, DoorError if the kernel refuses otherwise.
        """
        super().__init__(f"gpiod:{chip}/{line}")
        path = find_chip(chip)
        with open_chip(path) as device:
            self._offset = find_line(device, line)
            info = device.get_line_info(self._offset)
            try:
                self._request = device.request_lines(
                    consumer=CONSUMER, config={self._offset: line_settings(active_low)}
                )
            except OSError as error:
                where = f"line {line} (offset {self._offset}) of GPIO chip {chip} ({path})"
                if error.errno == errno.EBUSY:
                    holder = info.consumer or "the kernel"
                    raise LineBusy(f"{where} is in use by {holder!r}; stop that first") from error
                raise DoorError(f"{where} cannot be claimed: {error.strerror}") from error

    def _drive(self, *, secured: bool) -> None:
        wanted = Value.INACTIVE if secured else Value.ACTIVE
        try:
            self._request.set_value(self._offset, wanted)
            level = self._request.get_value(self._offset)
        except OSError as error:
            raise DoorError(f"{self.name}: the line cannot be driven: {error}") from error
        if level != wanted:
            # A short, or a driver that ignored the command: the lock may be open or dead.
            raise DoorError(f"{self.name}: set to {wanted.name}, the line reads {level.name}")

    def _is_secured(self) -> bool:
        try:
            return self._request.get_value(self._offset) == Value.INACTIVE
        except OSError as error:
            raise DoorError(f"{self.name}: the line cannot be read: {error}") from error

    def _free(self) -> None:
        self._request.release()


def line_settings(active_low: bool) -> gpiod.LineSettings:
    """An output that is secured (logically inactive) from its first moment."""
    return gpiod.LineSettings(
        direction=Direction.OUTPUT,
        drive=Drive.PUSH_PULL,
        active_low=active_low,
        output_value=Value.INACTIVE,
    )


def find_chip(chip: str, devices: Path = Path("/dev")) -> Path:
    """The device path of the chip with that label; an absolute path is returned as it is.

    Raises LineNotFound if no chip, or more than one, has the label.
    """
    if chip.startswith("/"):
        return Path(chip)
    seen: list[str] = []
    found: list[Path] = []
    # Raspberry Pi OS links gpiochip4 to gpiochip0 on a Pi 5: one chip, not two.
    for path in sorted({path.resolve() for path in devices.glob("gpiochip*")}):
        try:
            with gpiod.Chip(str(path)) as device:
                label = device.get_info().label
        except OSError as error:
            seen.append(f"{path.name}: {error.strerror}")
            continue
        seen.append(f"{path.name}: {label}")
        if label == chip:
            found.append(path)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(map(str, found))
        raise LineNotFound(f"{len(found)} GPIO chips are labelled {chip!r} ({names}); give a path")
    there = "; ".join(seen) or "this machine has none"
    raise LineNotFound(f"no GPIO chip is labelled {chip!r} (there is {there})")


def find_line(device: gpiod.Chip, line: str) -> int:
    """The offset of the line with that name, or the offset written in `line` if none has it.

    Raises LineNotFound if there is none, or more than one line of that name.
    """
    about = device.get_info()
    count = about.num_lines
    found = [offset for offset in range(count) if device.get_line_info(offset).name == line]
    if len(found) == 1:
        return found[0]
    if found:
        raise LineNotFound(f"{len(found)} lines of GPIO chip {about.label!r} are named {line!r}")
    if line.isascii() and line.isdigit() and int(line) < count:
        return int(line)
    raise LineNotFound(f"GPIO chip {about.label!r} has no line {line!r} among its {count}")


def open_chip(path: Path) -> gpiod.Chip:
    """The chip at a device path. Raises LineNotFound, or DoorError without the permission."""
    try:
        return gpiod.Chip(str(path))
    except PermissionError as error:
        raise DoorError(f"no permission for {path}; add the user to the group `gpio`") from error
    except FileNotFoundError as error:
        raise LineNotFound(f"no GPIO chip at {path}") from error
    except OSError as error:
        raise LineNotFound(f"{path} is not a GPIO chip ({error.strerror})") from error
