"""What every lock promises, shown on the simulated one, and how a URI picks a lock."""

from __future__ import annotations

import pytest

from edge.door import (
    SimulatedClock,
    SimulatedLock,
    Transition,
    open_lock,
)
from edge.errors import DoorError, LockClosed, LockUriError


class Stubborn(SimulatedLock):
    """Raises on demand, as a failing GPIO driver would."""

    fail_on: bool | None = None

    def _drive(self, *, secured: bool) -> None:
        if secured is self.fail_on:
            raise DoorError("the line does not follow")
        super()._drive(secured=secured)


def test_a_lock_is_left_secured_and_not_used_after() -> None:
    clock = SimulatedClock()
    lock = SimulatedLock(clock)
    with lock:
        lock.release()
        assert not lock.secured
    assert lock.history[-1].secured
    lock.close()
    for use in (lock.engage, lock.release, lambda: lock.secured):
        with pytest.raises(LockClosed):
            use()


def test_a_lock_that_cannot_be_secured_at_closing_is_let_go_of_and_said() -> None:
    class Freed(Stubborn):
        freed = False

        def _free(self) -> None:
            self.freed = True

    lock = Freed(SimulatedClock())
    lock.fail_on = True
    with pytest.raises(DoorError):
        lock.close()
    assert lock.freed


def test_the_simulated_lock_is_opened_like_any_other() -> None:
    clock = SimulatedClock(7.0)
    with open_lock("simulated:", clock) as lock:
        assert isinstance(lock, SimulatedLock) and lock.secured
        assert lock.history == [Transition(7.0, True)]


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "simulated",
        "simulated:x",
        "gpio:chip/line",
        "gpiod:",
        "gpiod:line",
        "gpiod:/",
        "gpiod:chip/",
        "gpiod:chip/line?active_low=yes",
        "gpiod:chip/line?active-low=1",
        "gpiod:chip/line?active_low",
        "gpiod:chip/line?active_low=1&active_low=0",
    ],
)
def test_a_uri_that_is_not_understood_opens_no_lock(uri: str) -> None:
    with pytest.raises(LockUriError):
        open_lock(uri)
