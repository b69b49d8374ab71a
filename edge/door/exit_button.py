"""The request to exit: a button on the inside whose press opens the door for one pulse.

A fresh press counts, and nothing else: a button that is held, stuck or shorted when the daemon
starts has no edge and opens nothing. It is a convenience beside the handle or the wired button,
which must let people out while the computer is off (docs/install.md).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class ExitButton(ABC):
    """A source of presses. Use as a context manager, or close it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """What the button is called in messages."""
        return self._name

    @abstractmethod
    def pressed(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds; True if it was pressed since the last call.

        Several presses count as one. Raises DoorError if the input cannot be read.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the input. Harmless when repeated; not while another thread waits."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class SimulatedButton(ExitButton):
    """A button that `press()` presses: for machines without GPIO, and for tests."""

    def __init__(self, name: str = "simulated") -> None:
        super().__init__(name)
        self._pressed = threading.Event()

    def press(self) -> None:
        """As a finger would. Safe from any thread."""
        self._pressed.set()

    def pressed(self, timeout_s: float) -> bool:
        if not self._pressed.wait(timeout_s):
            return False
        self._pressed.clear()
        return True

    def close(self) -> None:
        pass
