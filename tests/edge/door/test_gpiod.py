"""The GPIO lock: on a gpio-sim chip where the kernel can make one, and without one as far as the
real library goes.

gpio-sim is a kernel module (CONFIG_GPIO_SIM) that is configured by making folders in configfs; it
shows from outside what a line is driven to. The tests that need it run as root.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gpiod
import pytest
from gpiod.line import Direction, Drive, Value

from edge.door import Door, MonotonicClock, open_lock
from edge.door.gpiod_lock import GpiodLock, find_chip, line_settings
from edge.errors import DoorError, LineBusy, LineNotFound, LockClosed

CONFIGFS = Path("/sys/kernel/config/gpio-sim")


@pytest.mark.parametrize("active_low", [False, True])
def test_the_request_claims_direction_and_secured_level_at_once(active_low: bool) -> None:
    settings = line_settings(active_low)
    assert settings.direction == Direction.OUTPUT
    assert settings.output_value == Value.INACTIVE
    assert settings.active_low is active_low
    assert settings.drive == Drive.PUSH_PULL


def test_a_chip_that_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(LineNotFound, match="no GPIO chip is labelled 'no-such-chip'"):
        open_lock("gpiod:no-such-chip/LOCK")
    with pytest.raises(LineNotFound, match="no GPIO chip at /dev/gpiochip999"):
        open_lock("gpiod:/dev/gpiochip999/LOCK")


@pytest.mark.parametrize("path", ["/dev/null", "/tmp"])
def test_a_path_that_is_no_chip_is_refused(path: str) -> None:
    with pytest.raises(LineNotFound, match="is not a GPIO chip"):
        open_lock(f"gpiod:{path}/LOCK")


def test_looking_for_a_label_says_what_could_not_be_opened(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").write_text("")
    with pytest.raises(LineNotFound, match=r"gpiochip0: .+"):
        find_chip("a-label", tmp_path)


def test_securing_from_the_command_line_reports_by_exit_status() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "edge.door", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run("simulated:").returncode == 0
    missing = run("gpiod:no-such-chip/LOCK")
    assert missing.returncode == DoorError.exit_code and "no-such-chip" in missing.stderr
    assert run().returncode == 64


class Chip:
    """A simulated chip of eight lines; line 3 is LOCK, lines 5 and 6 are both TWIN."""

    numbers = itertools.count()

    def __init__(self, label: str | None = None) -> None:
        self.config = CONFIGFS / f"face-gate-{os.getpid()}-{next(self.numbers)}"
        bank = self.config / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text("8")
        self.label = label or self.config.name
        (bank / "label").write_text(self.label)
        for offset, name in ((3, "LOCK"), (5, "TWIN"), (6, "TWIN")):
            (bank / f"line{offset}").mkdir()
            (bank / f"line{offset}" / "name").write_text(name)
        (self.config / "live").write_text("1")
        self.path = Path("/dev") / (bank / "chip_name").read_text().strip()
        device = (self.config / "dev_name").read_text().strip()
        self.lines = Path("/sys/devices/platform") / device / self.path.name

    def level(self, offset: int = 3) -> int:
        """The physical level of a line, seen from outside: 0 or 1."""
        return int((self.lines / f"sim_gpio{offset}" / "value").read_text())

    def remove(self) -> None:
        (self.config / "live").write_text("0")
        bank = self.config / "bank0"
        for line in bank.glob("line*"):
            line.rmdir()
        bank.rmdir()
        self.config.rmdir()


@pytest.fixture
def chip() -> Iterator[Chip]:
    if not CONFIGFS.is_dir():
        pytest.skip(f"no {CONFIGFS}: the kernel lacks gpio-sim, or configfs is not mounted")
    if not os.access(CONFIGFS, os.W_OK):
        pytest.skip(f"{CONFIGFS} is not writable: simulated chips are made by root")
    chip = Chip()
    try:
        yield chip
    finally:
        chip.remove()


@pytest.mark.gpio
@pytest.mark.parametrize("active_low, shut, opened", [(0, 0, 1), (1, 1, 0)])
def test_levels_follow_the_lock(chip: Chip, active_low: int, shut: int, opened: int) -> None:
    lock = open_lock(f"gpiod:{chip.label}/LOCK?active_low={active_low}")
    assert lock.secured and chip.level() == shut
    lock.release()
    assert not lock.secured and chip.level() == opened
    lock.engage()
    assert lock.secured and chip.level() == shut
    lock.release()
    lock.close()
    lock.close()
    with pytest.raises(LockClosed):
        lock.release()
    with open_lock(f"gpiod:{chip.path}/3?active_low={active_low}"):  # it was let go of
        assert chip.level() == shut


@pytest.mark.gpio
def test_closing_secures_before_the_line_is_let_go(
    chip: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = GpiodLock(chip.label, "LOCK", active_low=True)
    lock.release()
    levels: list[int] = []
    free = lock._free
    monkeypatch.setattr(lock, "_free", lambda: (levels.append(chip.level()), free()))
    lock.close()
    assert levels == [1]


@pytest.mark.gpio
def test_a_line_in_use_is_busy_in_this_process_and_from_another(chip: Chip) -> None:
    with open_lock(f"gpiod:{chip.label}/LOCK"):
        with pytest.raises(LineBusy, match=r"line 3 .*in use by .face-gate"):
            open_lock(f"gpiod:{chip.path}/3")
        command = [sys.executable, "-m", "edge.door", f"gpiod:{chip.label}/LOCK"]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert other.returncode == LineBusy.exit_code and "in use" in other.stderr


@pytest.mark.gpio
@pytest.mark.parametrize("line", ["NOPE", "8", "-1", "TWIN"])
def test_a_line_that_is_missing_or_not_unique_is_refused(chip: Chip, line: str) -> None:
    with pytest.raises(LineNotFound, match=line):
        open_lock(f"gpiod:{chip.label}/{line}")


@pytest.mark.gpio
def test_a_label_that_two_chips_bear_is_refused_but_a_link_is_no_second_chip(
    chip: Chip, tmp_path: Path
) -> None:
    for number in (0, 4):
        (tmp_path / f"gpiochip{number}").symlink_to(chip.path)
    assert find_chip(chip.label, tmp_path) == chip.path
    twin = Chip(chip.label)
    try:
        with pytest.raises(LineNotFound, match="2 GPIO chips"):
            open_lock(f"gpiod:{chip.label}/LOCK")
    finally:
        twin.remove()


@pytest.mark.gpio
def test_the_consumer_is_named_so_that_gpioinfo_shows_who_holds_the_door(chip: Chip) -> None:
    with open_lock(f"gpiod:{chip.label}/LOCK"), gpiod.Chip(str(chip.path)) as device:
        info = device.get_line_info(3)
        assert (info.consumer, info.direction) == ("face-gate", Direction.OUTPUT)


@pytest.mark.gpio
def test_a_door_on_a_line_opens_and_relocks(chip: Chip) -> None:
    clock = MonotonicClock()
    with Door(open_lock(f"gpiod:{chip.label}/LOCK?active_low=1"), clock, 0.05, 0) as door:
        assert chip.level() == 1
        door.grant("Ada")
        assert chip.level() == 0
        end = clock.now() + 5
        while door.is_open and clock.now() < end:
            door.tick()
        assert chip.level() == 1
        door.grant("Ada")
    with open_lock(f"gpiod:{chip.label}/LOCK?active_low=1"):
        assert chip.level() == 1
