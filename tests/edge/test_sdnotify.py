"""Notifications against a real datagram socket, as systemd would hold it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import NotifyError
from edge.sdnotify import Notifier, watchdog_interval


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@face-gate-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0"))
        receiver.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield receiver


def test_each_message_is_one_datagram_in_systemds_words(systemd: socket.socket) -> None:
    notifier = Notifier()
    assert notifier.wanted
    for send, expected in (
        (notifier.ready, b"READY=1"),
        (notifier.alive, b"WATCHDOG=1"),
        (notifier.stopping, b"STOPPING=1"),
        (lambda: notifier.status("ready,\n2 enrolled: Zoë"), "STATUS=ready, 2 enrolled: Zoë"),
    ):
        assert send() is True
        wanted = expected if isinstance(expected, bytes) else expected.encode()
        assert systemd.recv(4096) == wanted


def test_reloading_carries_the_monotonic_time(systemd: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    Notifier().reloading()
    after = time.monotonic_ns() // 1000
    first, second = systemd.recv(4096).decode().split("\n")
    key, value = second.split("=")
    assert (first, key) == ("RELOADING=1", "MONOTONIC_USEC")
    assert before <= int(value) <= after


def test_started_by_hand_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier()
    assert not notifier.wanted
    assert not any((notifier.ready(), notifier.alive(), notifier.reloading(), notifier.stopping()))


def test_a_socket_that_nobody_holds_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    with pytest.raises(NotifyError, match="gone"):
        Notifier().alive()
    monkeypatch.setenv("NOTIFY_SOCKET", "vsock:2:1234")
    with pytest.raises(NotifyError, match="only Unix sockets"):
        Notifier()


@pytest.mark.parametrize(
    "limit, pid, seconds",
    [
        ("20000000", "", 20.0),
        ("500000", "ours", 0.5),
        ("20000000", "1", None),
        ("", "ours", None),
    ],
)
def test_the_watchdogs_interval(
    monkeypatch: pytest.MonkeyPatch, limit: str, pid: str, seconds: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", limit)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "ours" else pid)
    assert watchdog_interval() == seconds


@pytest.mark.parametrize("limit", ["soon", "0", "-5"])
def test_a_watchdog_that_makes_no_sense_is_an_error(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", limit)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    with pytest.raises(NotifyError):
        watchdog_interval()
