"""The door under any order of calls, from many threads, and on the real clock."""

from __future__ import annotations

import sys
import threading
import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.door import (
    Clock,
    Door,
    DoorEvent,
    MonotonicClock,
    SimulatedClock,
    SimulatedLock,
)

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


@given(
    st.lists(
        st.one_of(
            st.just("grant"),
            st.just("secure"),
            st.floats(0.01, 3.0).map(lambda s: round(s, 2)),
        ),
        max_size=60,
    )
)
@settings(max_examples=200)
def test_never_open_longer_than_a_pulse_and_one_tick(steps: list[str | float]) -> None:
    scene = Scene()
    for step in steps:
        if step == "grant":
            scene.door.grant("Ada")
        elif step == "secure":
            scene.door.secure()
        else:
            scene.clock.advance(float(step))
            scene.door.tick()
    history = scene.lock.history
    assert all(a.secured != b.secured for a, b in pairwise(history))
    for opened, shut in zip(history[1::2], history[2::2], strict=False):
        assert shut.t - opened.t <= PULSE + 3.0
    for shut, opened in zip(history[2::2], history[3::2], strict=False):
        assert opened.t - shut.t >= COOLDOWN - 1e-9


def test_grants_from_many_threads_open_once() -> None:
    clock = SimulatedClock()
    lock = SimulatedLock(clock)
    door = Door(lock, clock, PULSE, COOLDOWN)
    results: list[bool] = []
    start = threading.Barrier(8)

    def knock() -> None:
        start.wait()
        for _ in range(50):
            results.append(door.grant("Ada"))

    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=knock) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(old)
    assert results.count(True) == 1
    assert len(lock.history) == 2


def test_on_the_real_clock_a_timer_relocks_while_the_main_thread_hangs() -> None:
    clock: Clock = MonotonicClock()
    lock = SimulatedLock(clock)
    door = Door(lock, clock, 0.2, 0.0)
    stop = threading.Event()

    def timer() -> None:
        while not stop.wait(0.01):
            door.tick()

    thread = threading.Thread(target=timer)
    thread.start()
    try:
        door.grant("Ada")
        time.sleep(0.8)  # stands for an inference that hangs
    finally:
        stop.set()
        thread.join()
    _, opened, shut = lock.history
    assert 0.2 <= shut.t - opened.t < 0.7
