"""One emulated board: starts from its partitioned disk by UEFI, and can lose its power any time."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_configs.boot_test.console import Console, connect
from firmware_configs.boot_test.errors import ConsoleError
from firmware_configs.boot_test.monitor import Monitor
from firmware_configs.errors import ToolMissing
from firmware_configs.image.tools import path_of

QEMU = "qemu-system-aarch64"
FIRMWARE = Path("/usr/share/AAVMF/AAVMF_CODE.fd")
VARIABLES = Path("/usr/share/AAVMF/AAVMF_VARS.fd")
ADDRESS = "10.0.2.15"
"""Of the board, in the emulator's own little network."""


@dataclass(frozen=True, slots=True)
class Board:
    """disk: raw image. overlay: takes what is written (`disks.overlay`), else the disk itself does.

    variables: the firmware's, kept. log: where the console's raw bytes go. read_only: further
    disks. memory: MB. own_clock: the machine's seconds count its instructions, else they are
    ours. ssh_port: of this machine, led to the board's port 22; None: it has no network card.
    """

    disk: Path
    variables: Path
    log: Path
    overlay: Path | None = None
    read_only: tuple[Path, ...] = ()
    memory: int = 1024
    cpus: int = 1
    cpu: str = "cortex-a76"
    own_clock: bool = True
    ssh_port: int | None = None


def require_emulator() -> None:
    """Raises ToolMissing."""
    path_of(QEMU)
    for file in (FIRMWARE, VARIABLES):
        if not file.is_file():
            raise ToolMissing(f"{file} is missing; on Debian: apt-get install qemu-efi-aarch64")


def fresh_variables(path: Path) -> None:
    """The firmware's variable store as it leaves the factory."""
    shutil.copyfile(VARIABLES, path)


def free_port() -> int:
    """Of this machine, that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(board: Board, console: Path, monitor: Path) -> list[str]:
    """The emulator's command line. No screen: there is the console, and a monitor for us.

    Its own clock counts instructions, one a nanosecond, and waits in real time
    when there is nothing to do. So the machine is as fast by its own clock however busy this one
    is, and the door's time limits mean what they mean on a slow board. Without that clock it does
    as much as it can in our seconds, each core in a thread of its own.
    """
    words = [path_of(QEMU), "-M", "virt", "-cpu", board.cpu]
    if board.own_clock:
        words += ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on"]
    else:
        words += ["-accel", "tcg,thread=multi"]
    words += ["-smp", str(board.cpus), "-m", str(board.memory), "-nodefaults", "-nographic"]
    words += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}"]
    words += ["-drive", f"if=pflash,format=raw,unit=1,file={board.variables}"]
    if board.overlay is None:
        words += _disk("card", f"format=raw,file={board.disk}")
    else:
        words += _disk("card", f"format=qcow2,file={board.overlay}")
    for number, disk in enumerate(board.read_only):
        words += _disk(f"extra{number}", f"format=raw,readonly=on,file={disk}")
    socket = f"socket,id=con,path={console},server=on,wait=on"
    words += ["-chardev", f"{socket},logfile={board.log},logappend=on", "-serial", "chardev:con"]
    # Its randomness comes from ours; its watchdog resets it, as a board's would.
    words += ["-device", "virtio-rng-pci", "-device", "i6300esb", "-watchdog-action", "reset"]
    words += ["-qmp", f"unix:{monitor},server=on,wait=off"]
    if board.ssh_port is None:
        return [*words, "-nic", "none"]
    # restrict: the board reaches nobody; only what comes in by this port.
    forward = f"hostfwd=tcp:127.0.0.1:{board.ssh_port}-{ADDRESS}:22"
    words += ["-netdev", f"user,id=net,restrict=on,{forward}"]
    # Without its option ROM, which is for booting from the network, and another package.
    return [*words, "-device", "virtio-net-pci,netdev=net,romfile="]


def _disk(name: str, options: str) -> list[str]:
    drive = f"if=none,id={name},cache=writeback,{options}"
    return ["-drive", drive, "-device", f"virtio-blk-pci,drive={name},serial={name}"]


class Machine:
    """A running board. Leaving the block cuts its power if it still runs."""

    def __init__(self, board: Board, words: Sequence[str] | None = None) -> None:
        """words: the emulator's command line, if not that of `command`."""
        self.board = board
        self._folder = tempfile.TemporaryDirectory(prefix="boot-test-")
        path = Path(self._folder.name) / "console"
        self._monitor_at = Path(self._folder.name) / "monitor"
        self._errors = (Path(self._folder.name) / "errors").open("w+b")
        self.started = time.monotonic()
        line = list(words) if words is not None else command(board, path, self._monitor_at)
        self._process = subprocess.Popen(
            [word.replace("@CONSOLE@", str(path)) for word in line],
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is for us; and what it writes is cut off by us alone
        )
        try:
            self.console: Console = connect(path, self._ended)
        except BaseException:
            self.cut_power()
            raise

    @property
    def age(self) -> float:
        """Seconds since it was switched on."""
        return time.monotonic() - self.started

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def cut_power(self) -> None:
        """At once, whatever it is doing: what it had not written to its disk is lost."""
        if self.running:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        if hasattr(self, "console"):
            self.console.close()
        self._errors.close()
        self._folder.cleanup()

    def monitor(self) -> Monitor:
        """The emulator's own view of the machine. Raises ConsoleError."""
        return Monitor(self._monitor_at)

    def wait_for_end(self, seconds: float) -> None:
        """Until it has switched itself off. Raises ConsoleError."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            last = self.console.last_lines()
            raise ConsoleError(f"the machine still runs after {seconds:g} s\n{last}") from None

    def power_off(self, seconds: float = 120.0) -> None:
        """As somebody logged in would: `poweroff`, and wait for it. Raises ConsoleError."""
        self.console.send("systemctl poweroff --no-wall\n")
        self.wait_for_end(seconds)

    def _ended(self) -> str | None:
        if self.running:
            return None
        self._errors.flush()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        return f"{QEMU} ended with {self._process.returncode}: {said or 'no message'}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut_power()
