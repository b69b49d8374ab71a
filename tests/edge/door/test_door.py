"""The door against the simulated lock: what the lock's history shows at which times."""

from __future__ import annotations

import threading

import pytest

from edge.door import (
    Door,
    DoorEvent,
    SimulatedClock,
    SimulatedLock,
    Transition,
)
from edge.errors import AuditError, DoorError, LockClosed

PULSE, COOLDOWN = 5.0, 2.0


class Scene:
    """A door, its lock, its clock and what was said."""

    def __init__(self, lock_type: type[SimulatedLock] = SimulatedLock) -> None:
        self.clock = SimulatedClock(100.0)
        self.lock = lock_type(self.clock)
        self.events: list[DoorEvent] = []
        self.door = Door(self.lock, self.clock, PULSE, COOLDOWN, self.events.append)

    def history(self) -> list[tuple[float, bool]]:
        return [(h.t, h.secured) for h in self.lock.history]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_grant_opens_for_one_pulse(scene: Scene) -> None:
    scene.clock.advance(1)
    assert scene.door.grant("Ada") is True
    assert scene.door.is_open
    scene.clock.advance(4.9)
    scene.door.tick()
    assert not scene.lock.secured
    scene.clock.advance(0.1)
    scene.door.tick()
    assert scene.history() == [(100.0, True), (101.0, False), (106.0, True)]
    assert [(e.t, e.kind, e.person) for e in scene.events] == [
        (101.0, "opening", "Ada"),
        (106.0, "relocked", "Ada"),
    ]


def test_a_second_grant_within_the_pulse_extends_nothing(scene: Scene) -> None:
    scene.door.grant("Ada")
    scene.clock.advance(4)
    assert scene.door.grant("Ada") is False
    assert scene.door.grant("Bob") is False
    scene.clock.advance(1)
    scene.door.tick()
    assert scene.history()[-1] == (105.0, True)
    assert [e.reason for e in scene.events if e.kind == "ignored"] == ["a pulse is running"] * 2


def test_a_grant_within_the_cooldown_is_ignored(scene: Scene) -> None:
    scene.door.grant("Ada")
    scene.clock.advance(5)
    scene.door.tick()
    scene.clock.advance(1.9)
    assert scene.door.grant("Ada") is False
    assert scene.lock.secured and "cool-down" in scene.events[-1].reason
    scene.clock.advance(0.2)
    assert scene.door.grant("Ada") is True


def test_secure_ends_the_pulse_at_once(scene: Scene) -> None:
    scene.door.grant("Ada")
    scene.clock.advance(1)
    scene.door.secure("the alarm")
    assert scene.history()[-1] == (101.0, True)
    assert scene.events[-1] == DoorEvent(101.0, "relocked", "Ada", "the alarm")
    scene.door.secure()
    assert len(scene.events) == 2  # nothing happened, nothing is said


@pytest.mark.parametrize("how", ["tick", "grant"])
def test_a_clock_that_goes_backwards_secures_at_once(scene: Scene, how: str) -> None:
    scene.door.grant("Ada")
    scene.clock.jump(99.0)
    if how == "tick":
        scene.door.tick()
    else:
        assert scene.door.grant("Bob") is False
    assert scene.lock.secured and not scene.door.is_open
    fault = scene.events[1]
    assert (fault.kind, fault.person) == ("fault", "Ada") and "backwards" in fault.reason
    scene.clock.advance(COOLDOWN)
    assert scene.door.grant("Ada") is True


def test_a_clock_that_is_not_a_number_opens_nothing(scene: Scene) -> None:
    scene.clock.jump(float("nan"))
    assert scene.door.grant("Ada") is False
    assert scene.history() == [(100.0, True)]


def test_what_cannot_be_recorded_does_not_happen() -> None:
    def full_disk(event: DoorEvent) -> None:
        raise AuditError("no space left")

    clock = SimulatedClock()
    lock = SimulatedLock(clock)
    door = Door(lock, clock, PULSE, COOLDOWN, full_disk)
    with pytest.raises(AuditError):
        door.grant("Ada")
    assert lock.history == [Transition(0.0, True)]
    assert not door.is_open


def test_an_opening_is_said_before_it_happens() -> None:
    clock = SimulatedClock()
    lock = SimulatedLock(clock)
    seen: list[bool] = []

    def slow(event: DoorEvent) -> None:
        seen.append(lock.secured)
        clock.advance(3)  # a slow disk must not eat into the pulse

    door = Door(lock, clock, PULSE, COOLDOWN, slow)
    door.grant("Ada")
    assert seen == [True]
    clock.advance(4.9)
    door.tick()
    assert door.is_open
    clock.advance(0.2)
    door.tick()
    assert lock.secured


def test_a_listener_that_fails_while_open_secures_the_door() -> None:
    def listener(event: DoorEvent) -> None:
        if event.kind == "ignored":
            raise AuditError("no space left")

    clock = SimulatedClock()
    lock = SimulatedLock(clock)
    door = Door(lock, clock, PULSE, COOLDOWN, listener)
    door.grant("Ada")
    with pytest.raises(AuditError):
        door.grant("Ada")
    assert lock.secured and not door.is_open


def test_a_listener_that_hangs_does_not_keep_the_timer_from_relocking() -> None:
    clock = SimulatedClock()
    lock = SimulatedLock(clock)
    hanging, go_on = threading.Event(), threading.Event()

    def listener(event: DoorEvent) -> None:
        if event.kind == "ignored":
            hanging.set()
            go_on.wait(10)

    door = Door(lock, clock, PULSE, COOLDOWN, listener)
    door.grant("Ada")
    stuck = threading.Thread(target=door.grant, args=("Bob",))
    stuck.start()
    try:
        assert hanging.wait(5)
        clock.advance(PULSE)
        timer = threading.Thread(target=door.tick)
        timer.start()
        timer.join(5)
        assert not timer.is_alive() and lock.secured
    finally:
        go_on.set()
        stuck.join()


class Stubborn(SimulatedLock):
    """Raises on demand, as a failing GPIO driver would."""

    fail_on: bool | None = None

    def _drive(self, *, secured: bool) -> None:
        if secured is self.fail_on:
            raise DoorError("the line does not follow")
        super()._drive(secured=secured)


def test_a_lock_that_will_not_open_stays_secured() -> None:
    scene = Scene(Stubborn)
    assert isinstance(scene.lock, Stubborn)
    scene.lock.fail_on = False
    with pytest.raises(DoorError):
        scene.door.grant("Ada")
    assert scene.lock.secured and not scene.door.is_open


def test_relocking_that_fails_is_tried_again_at_every_tick() -> None:
    scene = Scene(Stubborn)
    assert isinstance(scene.lock, Stubborn)
    scene.door.grant("Ada")
    scene.clock.advance(PULSE)
    scene.lock.fail_on = True
    for _ in range(3):
        with pytest.raises(DoorError):
            scene.door.tick()
        assert scene.door.is_open and scene.door.grant("Bob") is False
    scene.lock.fail_on = None
    scene.door.tick()
    assert scene.lock.secured and not scene.door.is_open


class BrokenClock(SimulatedClock):
    """Cannot be read once `broken` is set."""

    broken = False

    def now(self) -> float:
        if self.broken:
            raise OSError("no clock")
        return super().now()


def test_any_error_while_open_secures() -> None:
    clock = BrokenClock()
    lock = SimulatedLock(SimulatedClock())
    door = Door(lock, clock, PULSE, COOLDOWN)
    door.grant("Ada")
    clock.broken = True
    with pytest.raises(OSError, match="no clock"):
        door.tick()
    assert lock.secured and not door.is_open


def test_a_lock_found_open_without_a_grant_is_secured_and_said(scene: Scene) -> None:
    scene.lock.release()  # behind the door's back
    scene.door.tick()
    assert scene.lock.secured
    assert [(e.kind, e.person) for e in scene.events] == [("fault", None)]


def test_leaving_the_context_secures_even_in_an_error(scene: Scene) -> None:
    with pytest.raises(RuntimeError), scene.door:
        scene.door.grant("Ada")
        raise RuntimeError
    assert scene.history()[-1] == (100.0, True)
    with pytest.raises(LockClosed):
        scene.door.grant("Ada")
    with pytest.raises(LockClosed):
        scene.door.tick()
    scene.door.close()
    assert scene.history()[-1] == (100.0, True) and not scene.door.is_open


@pytest.mark.parametrize("pulse, cooldown", [(0, 1), (-1, 1), (float("inf"), 1), (1, -1)])
def test_nonsense_times_are_refused(pulse: float, cooldown: float) -> None:
    clock = SimulatedClock()
    with pytest.raises(ValueError, match="_s must be"):
        Door(SimulatedLock(clock), clock, pulse, cooldown)
