"""The board on the bench: a running machine, and hands to show it faces, press its button, pull its
camera, and eyes on its LOCK line. What they do and see is the simulated hardware's own, never the
product's word for it.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import NamedTuple

from firmware_configs.boot_test.console import PROMPT
from firmware_configs.boot_test.errors import ConsoleError, NotProved
from firmware_configs.boot_test.machine import Machine

BOOT_S = 400.0
"""Longest wait for a console's login, real seconds: this machine may be busy with other things."""
ADMIN = "admin"
STATE = "/run/boot-test-state"
UNIT = "face-gate"
PYTHON = "/opt/face-gate/bin/python"


@dataclass(frozen=True, slots=True)
class Change:
    """The LOCK line came to this level (1: released) at `t` seconds of the machine's clock."""

    t: float
    level: int


class Pulse(NamedTuple):
    """When the line rose, and for how many seconds it was high."""

    begin: float
    length: float


def pulses(changes: list[Change], since: float = 0.0) -> list[Pulse]:
    """The whole pulses that began after `since`."""
    found = []
    for up, down in itertools.pairwise(changes):
        if up.level == 1 and down.level == 0 and up.t > since:
            found.append(Pulse(up.t, down.t - up.t))
    return found


class Bench:
    """Wraps a machine whose console is at a root shell (`log_in`)."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.console = machine.console

    def sh(self, command: str, seconds: float = 120.0) -> str:
        """A command's output. Raises NotProved if it fails."""
        return self.console.run(command, seconds).ok().strip()

    def says(self, command: str, seconds: float = 120.0) -> str:
        """A command's output, whatever its exit code."""
        return self.console.run(command, seconds).text.strip()

    def wait(self, condition: str, guest_s: float, what: str) -> None:
        """Until a shell condition holds, for at most so many seconds of the machine's own clock.

        Raises NotProved.
        """
        loop = f"end=$(( $(cut -d. -f1 /proc/uptime) + {int(guest_s)} )); "
        loop += f"until {condition}; do [ $(cut -d. -f1 /proc/uptime) -le $end ] || exit 9; "
        loop += "sleep 0.2; done"
        # The machine's seconds may take many of ours.
        answer = self.console.run(loop, 60 + 20 * guest_s)
        if answer.code != 0:
            raise NotProved(f"not within {guest_s:g} s: {what}\n{answer.text}\n{self.state()}")

    def state(self) -> str:
        """What systemd and the journal say of the service, for messages."""
        return self.says(f"systemctl status {UNIT} --no-pager -l -n 25", 120)

    # The clock -----------------------------------------------------------------------------
    def now(self) -> float:
        """Seconds of the machine's clock since its kernel started."""
        return float(self.sh("cut -d' ' -f1 /proc/uptime"))

    def pause(self, guest_s: float) -> None:
        self.console.run(f"sleep {guest_s}", 60 + 20 * guest_s).ok()

    # Hands ---------------------------------------------------------------------------------
    def show(self, film: str) -> None:
        """Who stands at the door now: a film's role, or `empty`."""
        self.sh(f"echo {film} > {STATE}/film")

    def press_exit(self, guest_s: float = 0.3) -> None:
        self.sh(f"echo pull-up > {STATE}/exit; sleep {guest_s}; echo pull-down > {STATE}/exit")

    def camera(self, where: str) -> None:
        """`in` or `out`."""
        self.console.run(f"sh /run/boot-test/camera.sh {where}", 600).ok()

    # Eyes ----------------------------------------------------------------------------------
    def lock_level(self) -> int:
        return int(self.sh(f"cat {STATE}/lock"))

    def changes(self) -> list[Change]:
        lines = self.sh(f"cat {STATE}/lock.log").split("\n")
        return [Change(float(t), int(level)) for t, level in (line.split() for line in lines)]

    def property(self, name: str) -> str:
        return self.sh(f"systemctl show {UNIT} -p {name} --value")

    def ready_at(self) -> float:
        """When the service last became READY, seconds of the machine's clock; 0 if it is not."""
        return int(self.property("ActiveEnterTimestampMonotonic")) / 1e6

    def ready_after_power_on(self) -> float:
        """Seconds of the machine's clock, firmware and boot loader included."""
        # What systemd-boot tells systemd: how long before the kernel the firmware began.
        before = self.sh("systemctl show -p FirmwareTimestampMonotonic --value")
        return int(before) / 1e6 + self.ready_at()

    def wait_ready(self, guest_s: float = 90.0) -> None:
        ask = f"systemctl is-active -q {UNIT}"
        self.wait(f"[ $({ask} && echo yes) ]", guest_s, "the service is READY")

    def wait_level(self, level: int, guest_s: float, what: str) -> None:
        self.wait(f"[ $(cat {STATE}/lock) = {level} ]", guest_s, what)


def first_log_in(machine: Machine, password: str) -> str:
    """Log in with the password that the first boot shows, and choose `password`; what it said.

    Ends at a root shell. Raises ConsoleError, NotProved.
    """
    console = machine.console
    shown = console.expect(r"with the password\s+(\S+)\s", BOOT_S)
    _log_in(machine, shown[1])
    console.send("sudo face-gate-admin password\n")
    console.expect(r"password for admin: ?", 120)
    console.send(shown[1] + "\n")
    for prompt in ("new password: ", "once more: "):
        console.expect(prompt, 120)
        console.send(password + "\n")
    console.expect("password is changed", 120)
    console.expect(PROMPT, 120)
    _become_root(machine, shown[1], asks=False)
    return shown[0]


def log_in(machine: Machine, password: str) -> Bench:
    """Log in as the administrator and become root. Raises ConsoleError, NotProved."""
    _log_in(machine, password)
    _become_root(machine, password, asks=True)
    return Bench(machine)


def _log_in(machine: Machine, password: str) -> None:
    console = machine.console
    console.expect(r"\blogin: ", BOOT_S)
    console.send(ADMIN + "\n")
    console.expect(r"Password: ", 120)
    console.send(password + "\n")
    said = console.expect(rf"(Login incorrect)|{PROMPT}", 120)
    if said[1]:
        raise NotProved("the console refuses the administrator's password")


def _become_root(machine: Machine, password: str, *, asks: bool) -> None:
    console = machine.console
    console.send("sudo sh\n")
    if asks:
        console.expect(r"password for admin: ?", 120)
        console.send(password + "\n")
    console.expect(r"# ?\Z", 120)
    console.prepare()
    if (who := console.run("id -u").ok().strip()) != "0":
        raise ConsoleError(f"sudo gave user {who}, not root")


def failed_units(bench: Bench) -> list[str]:
    """Names of units that systemd counts as failed."""
    text = bench.sh("systemctl list-units --failed --plain --no-legend --no-pager")
    return [line.split()[0] for line in text.splitlines() if line.strip()]


def memory(bench: Bench) -> tuple[int, int]:
    """Kilobytes in use (total less what is available), and total."""
    text = bench.sh("cat /proc/meminfo")
    value = {m[1]: int(m[2]) for m in re.finditer(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return value["MemTotal"] - value["MemAvailable"], value["MemTotal"]
