"""The door: opens for one pulse, relocks by the clock, and is shut whenever anything is amiss.

`tick()` belongs to a timer of its own, so that a hanging camera or network cannot hold the door
open. For the same reason nothing that may hang is called while the door is open and the mutex is
held: the listener hears of an opening *before* the lock releases (so that what cannot be
recorded does not happen), and of everything else after the mutex is free.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from edge.door.clock import Clock
from edge.door.lock import Lock
from edge.errors import DoorError

Kind = Literal["opening", "relocked", "ignored", "fault"]


@dataclass(frozen=True, slots=True)
class DoorEvent:
    """Something the door did, or did not do, at `t` seconds of its clock.

    kind: "opening" (said just before), "relocked", "ignored" (a grant that changed nothing), or
        "fault" (something was wrong and the door was secured for it).
    """

    t: float
    kind: Kind
    person: str | None
    reason: str


class Door:
    """A lock with a pulse. Thread safe. Closing it closes the lock, secured."""

    def __init__(
        self,
        lock: Lock,
        clock: Clock,
        pulse_s: float,
        cooldown_s: float,
        on_event: Callable[[DoorEvent], None] | None = None,
    ) -> None:
        """pulse_s: seconds that a grant opens for, > 0. cooldown_s: seconds after relocking in
        which grants are ignored, >= 0. on_event: called in the thread that caused the event; if
        it raises, the door is secured and the error passed on. Secures the lock.

        Raises ValueError for bounds that are no such numbers, DoorError from the lock.
        """
        if not (math.isfinite(pulse_s) and pulse_s > 0):
            raise ValueError(f"pulse_s must be above 0 seconds, not {pulse_s}")
        if not (math.isfinite(cooldown_s) and cooldown_s >= 0):
            raise ValueError(f"cooldown_s must be 0 seconds or more, not {cooldown_s}")
        self._lock = lock
        self._clock = clock
        self._pulse_s = pulse_s
        self._cooldown_s = cooldown_s
        self._on_event = on_event
        self._guard = threading.RLock()
        self._person: str | None = None
        self._open_until: float | None = None  # set exactly while the lock may be open
        self._rest_until = -math.inf
        self._last = clock.now()
        lock.engage()

    @property
    def is_open(self) -> bool:
        """Whether a pulse is running. Stays True after a failed relocking, until one succeeds."""
        with self._guard:
            return self._open_until is not None

    def grant(self, person: str) -> bool:
        """Open for one pulse, for a face.

        True if the door opened, False if the grant was ignored (a pulse is running, which it does
        not extend; the cool-down is; the clock or the lock misbehaves).

        Raises what the lock or the listener raised; the door is secured then.
        """
        return self._open(person, f"{self._pulse_s:g} s")

    def let_out(self) -> bool:
        """Open for one pulse at a request to exit; the cool-down does not keep anybody in.

        Returns and raises what `grant` does.
        """
        return self._open(None, f"request to exit, {self._pulse_s:g} s")

    def _open(self, person: str | None, reason: str) -> bool:
        events: list[DoorEvent] = []
        with self._guard, _Securing(self):
            now = self._read_clock(events)
            self._check_lock(now, events)
            refusal = events[-1].reason if events else self._refusal(now, person)
            if refusal is None:
                self._tell([DoorEvent(now, "opening", person, reason)])
                self._person = person
                # Recording may have taken a while: the pulse is counted from here.
                self._open_until = self._clock.now() + self._pulse_s
                self._lock.release()
                return True
            events.append(DoorEvent(now, "ignored", person, refusal))
        self._tell(events)
        return False

    def tick(self) -> None:
        """Relock when the pulse is over. Call it often, from a timer that does nothing else.

        Also secures a lock that reads as open outside a pulse. Raises what the lock or the
        listener raised; the next tick tries again.
        """
        events: list[DoorEvent] = []
        with self._guard, _Securing(self):
            now = self._read_clock(events)
            if self._open_until is not None:
                if now >= self._open_until:
                    events.append(self._shut(now, "relocked", "the pulse is over"))
            else:
                self._check_lock(now, events)
        self._tell(events)

    def secure(self, reason: str = "told to") -> None:
        """Relock now, whatever is running. Raises what the lock or the listener raised."""
        self._relock(reason, also_leaving=True)

    def revoke(self, reason: str) -> None:
        """Relock now, but for a pulse that lets somebody out, which runs on. Raises as `secure`."""
        self._relock(reason, also_leaving=False)

    def _relock(self, reason: str, *, also_leaving: bool) -> None:
        events: list[DoorEvent] = []
        with self._guard, _Securing(self):
            was_open = self._open_until is not None
            if was_open and self._person is None and not also_leaving:
                return
            self._lock.engage()  # before the clock is read: that may fail
            if was_open:
                events.append(self._shut(self._clock.now(), "relocked", reason))
        self._tell(events)

    def close(self) -> None:
        """Secure the door and let go of the lock. Harmless when repeated."""
        with self._guard:
            self._open_until = None
            self._lock.close()

    def _refusal(self, now: float, person: str | None) -> str | None:
        if self._open_until is not None:
            return "a pulse is running"
        if person is not None and now < self._rest_until:
            return f"cool-down for another {self._rest_until - now:.1f} s"
        return None

    def _read_clock(self, events: list[DoorEvent]) -> float:
        now, last = self._clock.now(), self._last
        self._last = now
        if not now >= last:
            # How long the door has been open is now unknown: too long.
            reason = f"the clock went backwards, from {last:.3f} to {now:.3f} s"
            events.append(self._shut(now, "fault", reason))
        return now

    def _check_lock(self, now: float, events: list[DoorEvent]) -> None:
        if self._open_until is None and not self._lock.secured:
            events.append(self._shut(now, "fault", "the lock was open without a grant"))

    def _shut(self, now: float, kind: Kind, reason: str) -> DoorEvent:
        self._lock.engage()
        event = DoorEvent(now, kind, self._person, reason)
        self._person = None
        self._open_until = None
        self._rest_until = now + self._cooldown_s
        return event

    def _tell(self, events: list[DoorEvent]) -> None:
        if self._on_event is None:
            return
        try:
            for event in events:
                self._on_event(event)
        except BaseException:
            with self._guard:
                self._abort()
            raise

    def _abort(self) -> None:
        """Secure after an error, without hiding it."""
        try:
            self._lock.engage()
        except DoorError:
            # The caller gets the first error. `_open_until` stays, so each tick tries again.
            return
        self._open_until = None
        self._person = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Securing:
    """Secures the door if the block ends in an error, a KeyboardInterrupt included."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._door._abort()
