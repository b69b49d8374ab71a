"""The daemon as a process: what systemd hears, what the lock does, what the record says."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge import enroll
from edge.audit_chain import verify


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def settings(state: Path, film: Path, extra: str = "") -> Path:
    path = state.parent / "face-gate.toml"
    path.write_text(
        f'[camera]\nuri = "{film}"\nretry_s = 0.3\n[state]\ndir = "{state}"\n'
        f"[lock]\npulse_s = 0.5\ncooldown_s = 0.2\n{extra}"
    )
    return path


class Daemon:
    """The process, and what it told systemd. The socket is read all the time, as systemd does:
    a full one would stop the daemon."""

    def __init__(self, process: subprocess.Popen[str], notify: socket.socket, state: Path) -> None:
        self.process, self.notify, self.state = process, notify, state
        self.heard: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while message := self.notify.recv(4096).decode():
            self.heard.put(message)

    def hear(self, what: str, seconds: float = 20.0) -> None:
        """Wait for a notification that contains `what`, later than those waited for before."""
        end = time.monotonic() + seconds
        while what not in self.heard.get(timeout=max(end - time.monotonic(), 0.01)):
            pass

    def recorded(self, kind: str) -> list[dict[str, object]]:
        path = self.state / "audit.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        entries = [json.loads(line) for line in lines]
        return [e["data"] for e in entries if e["kind"] == kind]

    def wait_for(self, kind: str, count: int = 1, seconds: float = 20.0) -> list[dict[str, object]]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if len(found := self.recorded(kind)) >= count:
                return found
            time.sleep(0.05)
        raise AssertionError(f"no {count} of {kind!r} on record")


@contextmanager
def running(config: Path, state: Path) -> Iterator[Daemon]:
    path = str(state.parent / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        process = subprocess.Popen(
            [sys.executable, "-m", "edge.daemon", "--config", str(config)],
            env={**os.environ, "NOTIFY_SOCKET": path},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Daemon(process, notify, state)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(b"", path)  # lets the listener go
            Path(path).unlink()


def test_the_enrolled_person_opens_it_and_term_leaves_it_secured(films: Path, state: Path) -> None:
    film = films / "single_face.mp4"
    assert enroll.main(["add", "sam", "--source", str(film), "--state", str(state)]) == 0
    with running(settings(state, film), state) as daemon:
        daemon.hear("READY=1")
        daemon.hear("WATCHDOG=1")
        grant = daemon.wait_for("grant")[0]
        assert grant["person"] == "sam"
        gates = grant["gates"]
        assert isinstance(gates, dict) and all(g["passed"] for g in gates.values())
        events = [e["event"] for e in daemon.wait_for("door", 2)]
        assert events[:2] == ["opening", "relocked"]
        # Stopped in the middle of a pulse, it relocks before it goes.
        daemon.wait_for("door", 3)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(10) == 0
        assert [e["event"] for e in daemon.recorded("door")][-1] == "relocked"
    verify(state / "audit.jsonl")


def test_a_stranger_is_denied_once_and_on_record(films: Path, state: Path) -> None:
    known, stranger = films / "single_face.mp4", films / "WolfgangLanger_Pexels.mp4"
    assert enroll.main(["add", "sam", "--source", str(known), "--state", str(state)]) == 0
    with running(settings(state, stranger), state) as daemon:
        denied = daemon.wait_for("deny")[0]
        assert "match" in str(denied["failed"])
        assert not daemon.recorded("grant")


def test_someone_enrolled_meanwhile_is_let_in_without_a_restart(films: Path, state: Path) -> None:
    film = films / "single_face.mp4"
    with running(settings(state, film), state) as daemon:
        daemon.hear("READY=1")
        assert not daemon.recorded("grant")
        assert enroll.main(["add", "sam", "--source", str(film), "--state", str(state)]) == 0
        daemon.hear("watching, 1 enrolled")
        assert daemon.wait_for("grant")[0]["person"] == "sam"


def test_a_lost_camera_locks_is_said_and_comes_back(films: Path, state: Path) -> None:
    film = state.parent / "camera.mp4"
    film.symlink_to(films / "single_face.mp4")
    with running(settings(state, film), state) as daemon:
        daemon.hear("READY=1")
        film.unlink()
        daemon.wait_for("camera_lost", 2)  # the film's end, then nothing to open
        daemon.hear("STATUS=locked: camera lost")
        daemon.hear("WATCHDOG=1")  # fed by a blank picture that goes all the way
        assert daemon.process.poll() is None
        film.symlink_to(films / "single_face.mp4")
        lost = len(daemon.recorded("camera_lost"))
        daemon.wait_for("camera_lost", lost + 1)  # it plays again, to its end


def test_hang_up_reloads_and_a_bad_file_keeps_the_old_settings(films: Path, state: Path) -> None:
    film = films / "single_face.mp4"
    config = settings(state, film)
    with running(config, state) as daemon:
        daemon.hear("READY=1")
        config.write_text(config.read_text() + "[quality]\nmin_size = 50\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.hear("RELOADING=1")
        daemon.hear("READY=1")
        assert daemon.recorded("reload")
        good = config.read_text()
        for bad in (
            good + "[nonsense]\nx = 1\n",
            good + '[inference]\npack = "/nowhere"\n',
            good.replace("pulse_s = 0.5", "pulse_s = 9"),
        ):
            config.write_text(bad)
            daemon.process.send_signal(signal.SIGHUP)
            time.sleep(1.0)
        assert daemon.process.poll() is None
        assert len(daemon.recorded("reload")) == 1
        daemon.process.send_signal(signal.SIGTERM)
        _, log = daemon.process.communicate(timeout=10)
        assert log.count("reload refused") == 3
        assert "nonsense" in log and "/nowhere" in log and "[lock]" in log


@pytest.mark.parametrize(
    ("extra", "code", "said"),
    [
        ("[quality]\nmin_size = 5\n", 78, "quality.min_size"),
        ("[quality]\nminsize = 50\n", 78, "quality.minsize"),
        ('[inference]\npack = "/nowhere"\n', 3, "manifest.toml"),
        ('[inference]\nprovider = "CUDAExecutionProvider"\n', 3, "CUDAExecutionProvider"),
    ],
)
def test_a_wrong_configuration_does_not_start(
    state: Path, extra: str, code: int, said: str
) -> None:
    config = settings(state, Path("/nowhere.mp4"), extra)
    done = subprocess.run(
        [sys.executable, "-m", "edge.daemon", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == code
    assert said in done.stderr and "locked" in done.stderr and "Traceback" not in done.stderr


def test_a_lock_that_cannot_be_claimed_does_not_start(state: Path) -> None:
    config = settings(state, Path("/nowhere.mp4"))
    config.write_text(
        config.read_text().replace("[lock]\n", '[lock]\nuri = "gpiod:no-such-chip/LOCK"\n')
    )
    done = subprocess.run(
        [sys.executable, "-m", "edge.daemon", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 7
    assert "no-such-chip" in done.stderr
