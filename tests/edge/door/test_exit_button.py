"""The request to exit: what a press opens, and what opens nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from gpiod.line import Bias, Direction, Edge

from edge.config import parse
from edge.door import (
    Door,
    DoorEvent,
    SimulatedButton,
    SimulatedClock,
    SimulatedLock,
    open_exit_button,
)
from edge.door.gpiod_button import button_settings
from edge.errors import DoorError, LineNotFound, LockUriError
from edge.service import Service


class Site:
    """A door on a simulated clock, with what it told."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.lock = SimulatedLock(self.clock)
        self.told: list[DoorEvent] = []
        self.door = Door(self.lock, self.clock, 3.0, 2.0, self.told.append)


@pytest.fixture
def site() -> Site:
    return Site()


def test_it_opens_for_one_pulse_and_is_told_before(site: Site) -> None:
    assert site.door.let_out()
    assert not site.lock.secured
    assert (site.told[0].kind, site.told[0].person) == ("opening", None)
    assert "request to exit" in site.told[0].reason
    site.clock.advance(2.9)
    site.door.tick()
    assert not site.lock.secured
    site.clock.advance(0.2)
    site.door.tick()
    assert site.lock.secured


def test_the_cool_down_keeps_strangers_out_and_nobody_in(site: Site) -> None:
    assert site.door.grant("ada")
    site.clock.advance(3.1)
    site.door.tick()
    assert not site.door.grant("ada")
    assert site.door.let_out()


def test_what_revokes_a_grant_does_not_shut_the_door_on_who_leaves(site: Site) -> None:
    site.door.let_out()
    site.door.revoke("camera lost")
    assert not site.lock.secured
    site.door.secure("the service stops")
    assert site.lock.secured
    site.clock.advance(9)
    site.door.grant("ada")
    site.door.revoke("camera lost")
    assert site.lock.secured


def test_what_cannot_be_told_does_not_open(site: Site) -> None:
    def refuse(_event: DoorEvent) -> None:
        raise OSError("disk full")

    door = Door(site.lock, site.clock, 3.0, 2.0, refuse)
    with pytest.raises(OSError, match="disk full"):
        door.let_out()
    assert site.lock.secured
    assert all(change.secured for change in site.lock.history)


@pytest.mark.parametrize(("active_low", "bias"), [(False, Bias.PULL_DOWN), (True, Bias.PULL_UP)])
def test_an_unwired_input_rests(active_low: bool, bias: Bias) -> None:
    settings = button_settings(active_low)
    assert settings.direction == Direction.INPUT
    assert settings.edge_detection == Edge.RISING
    assert (settings.bias, settings.active_low) == (bias, active_low)


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("", LockUriError),
        ("gpiod:chip", LockUriError),
        ("simulated:x", LockUriError),
        ("gpiod:chip/EXIT?active_low=2", LockUriError),
        ("gpiod:no-such-chip/EXIT", LineNotFound),
    ],
)
def test_a_wrong_uri_is_refused_and_named(uri: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        open_exit_button(uri)


def test_a_press_is_seen_once() -> None:
    with SimulatedButton() as button:
        assert not button.pressed(0)
        button.press()
        button.press()
        assert button.pressed(0)
        assert not button.pressed(0)


def service(tmp_path: Path) -> Service:
    """A service whose camera is not there: getting out does not need one."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    text = (
        f'[camera]\nuri = "v4l2:///dev/no-such-camera"\nretry_s = 0.1\nretry_max_s = 0.1\n'
        f'[state]\ndir = "{state}"\n'
        '[lock]\nexit_uri = "simulated:"\npulse_s = 0.6\ncooldown_s = 0\n'
    )
    return Service(parse(text, tmp_path / "face-gate.toml"))


def test_the_service_opens_without_a_camera_but_not_for_an_old_press(tmp_path: Path) -> None:
    made = service(tmp_path)
    button, lock = made.exit_button, made.lock
    assert isinstance(button, SimulatedButton)
    assert isinstance(lock, SimulatedLock)
    button.press()
    runs = threading.Thread(target=made.run)
    runs.start()
    try:
        time.sleep(1.0)
        assert [change.secured for change in lock.history] == [True]
        button.press()
        time.sleep(1.2)
    finally:
        made.stop()
        runs.join(10)
    assert [change.secured for change in lock.history] == [True, False, True]
    opened, shut = lock.history[1:]
    assert shut.t - opened.t == pytest.approx(0.6, abs=0.15)
    assert '"reason":"request to exit, 0.6 s"' in (tmp_path / "state/audit.jsonl").read_text()


def test_an_input_that_fails_ends_the_service_with_the_door_shut(tmp_path: Path) -> None:
    class Broken(SimulatedButton):
        def pressed(self, timeout_s: float) -> bool:
            raise DoorError("the exit button cannot be read")

    made = service(tmp_path)
    made.exit_button = Broken()
    with pytest.raises(DoorError, match="cannot be read"):
        made.run()
    assert isinstance(made.lock, SimulatedLock)
    assert made.lock.history[-1].secured
