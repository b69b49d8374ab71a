"""What drives a lock: two commands, and the promise that letting go of it leaves it secured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from edge.errors import LockClosed


class Lock(ABC):
    """A door's lock, secured from the moment that the object exists.

    A backend claims its hardware in `__init__`, in the secured state and in one step, and
    implements `_drive`, `_is_secured` and `_free`. It knows nothing of time or of people. Use it
    as a context manager; thread safety is the caller's (`Door` has one mutex for it all).
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._closed = False

    @property
    def name(self) -> str:
        """What the lock is called in messages and records."""
        return self._name

    @property
    def secured(self) -> bool:
        """Whether the lock is held shut, as far as the hardware tells.

        Raises LockClosed after `close()`, DoorError if the hardware cannot be read.
        """
        self._require_open()
        return self._is_secured()

    def engage(self) -> None:
        """Secure the lock. Raises LockClosed after `close()`, DoorError if it does not obey."""
        self._require_open()
        self._drive(secured=True)

    def release(self) -> None:
        """Open the lock. Raises LockClosed after `close()`, DoorError if it does not obey."""
        self._require_open()
        self._drive(secured=False)

    def close(self) -> None:
        """Secure the lock, then let go of the hardware. Harmless when repeated.

        Raises DoorError if the lock could not be secured; the hardware is let go of anyway.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._drive(secured=True)
        finally:
            self._free()

    def _require_open(self) -> None:
        if self._closed:
            raise LockClosed(f"lock {self._name}: used after it was closed")

    @abstractmethod
    def _drive(self, *, secured: bool) -> None:
        """Put the hardware into that state, or raise DoorError."""

    @abstractmethod
    def _is_secured(self) -> bool:
        """Read the state back from the hardware, or raise DoorError."""

    @abstractmethod
    def _free(self) -> None:
        """Let go of the hardware. Called once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
