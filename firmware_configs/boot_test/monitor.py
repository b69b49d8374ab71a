"""The emulator's monitor (QMP): how much the machine has written to its card so far."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from firmware_configs.boot_test.errors import ConsoleError

TIMEOUT_S = 60.0
CARD = "card"
EVERY_S = 0.0005


@dataclass(frozen=True, slots=True)
class Written:
    """Since the machine was switched on. operations: writes that the disk was given."""

    operations: int
    bytes: int


class Monitor:
    """One connection. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises ConsoleError."""
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(TIMEOUT_S)
        try:
            self._connection.connect(str(path))
            self._answers = self._connection.makefile("rb")
            self._read()  # its greeting
            self._ask("qmp_capabilities")
        except (OSError, ValueError) as error:
            self._connection.close()
            raise ConsoleError(f"the emulator's monitor: {error}") from error

    def written(self) -> Written:
        """Raises ConsoleError."""
        for disk in self._ask("query-blockstats"):
            if disk["device"] == CARD:
                stats = disk["stats"]
                return Written(stats["wr_operations"], stats["wr_bytes"])
        raise ConsoleError(f"the emulator has no disk {CARD!r}")

    def wait(self, condition: Callable[[Written], bool], seconds: float, what: str) -> Written:
        """Until the machine has written so much. Raises ConsoleError."""
        end = time.monotonic() + seconds
        while not condition(now := self.written()):
            if time.monotonic() > end:
                raise ConsoleError(f"not within {seconds:g} s: {what}; it has written {now}")
            time.sleep(EVERY_S)
        return now

    def _ask(self, command: str) -> Any:
        try:
            self._connection.sendall(json.dumps({"execute": command}).encode() + b"\n")
            while "return" not in (answer := self._read()):
                if "error" in answer:
                    raise ConsoleError(f"the emulator's monitor: {answer['error']}")
        except (OSError, ValueError) as error:
            raise ConsoleError(f"the emulator's monitor: {error}") from error
        return answer["return"]

    def _read(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise ConsoleError("the emulator's monitor has closed: the machine has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._answers.close()
        self._connection.close()
