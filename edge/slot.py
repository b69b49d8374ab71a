"""Room for exactly one frame: the newest. Older ones are dropped, and counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestSlot(Generic[T]):
    """Between a thread that produces and one that consumes; the consumer never lags behind.

    A failure of the producer is delivered like an item, after which items may come again.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._error: Exception | None = None
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many items were replaced before anyone took them."""
        with self._changed:
            return self._dropped

    def put(self, item: T) -> None:
        """Offer the newest item; one still waiting is dropped."""
        with self._changed:
            if self._item is not None:
                self._dropped += 1
            self._item, self._error = item, None
            self._changed.notify_all()

    def fail(self, error: Exception) -> None:
        """Say that the producer failed; an item still waiting is older than that and dropped."""
        with self._changed:
            self._item, self._error = None, error
            self._changed.notify_all()

    def close(self) -> None:
        """Wake the consumer for the last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, timeout: float) -> T | None:
        """The newest item, waiting for one; None after `timeout` seconds or when closed.

        Raises the producer's error, once.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._item is not None or self._error is not None or self._closed, timeout
            )
            item, error = self._item, self._error
            self._item = self._error = None
        if error is not None:
            raise error
        return item
