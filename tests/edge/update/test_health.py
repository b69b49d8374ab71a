"""What a system on trial must show, and how its end is remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import Unhealthy
from edge.update import health
from edge.update.__main__ import main
from tests.edge.update.conftest import RUNNING, WELL, Machine

State = dict[str, str]


def state(
    active: str = "active", fed: int = 0, pid: int = 7, restarts: int = 0, text: str = ""
) -> State:
    return {
        "ActiveState": active,
        "NRestarts": str(restarts),
        "MainPID": str(pid),
        "WatchdogTimestampMonotonic": str(fed),
        "StatusText": text or "watching, 3 enrolled",
    }


def waited(states: Callable[[float], State], timeout_s: float = 60.0) -> float:
    """`health.wait` over time that passes only when it sleeps."""
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    return health.wait(lambda: states(now), timeout_s, clock=lambda: now, sleep=sleep)


def test_a_service_at_work_for_ten_seconds_is_healthy() -> None:
    assert waited(lambda now: state(fed=int(now * 2))) == pytest.approx(10.0, abs=1.0)


def test_it_may_take_its_time_to_start() -> None:
    def states(now: float) -> State:
        return state(fed=int(now)) if now > 30 else state("activating")

    assert waited(states) == pytest.approx(40.5, abs=1.5)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (lambda now: state("activating"), "it is activating, so no frame"),
        (lambda now: state("failed"), "it is failed"),
        (lambda now: state("inactive"), "it is inactive"),
        # READY once, and then nothing more goes all the way.
        (lambda now: state(fed=1), "fed 0 times, 5 are asked for"),
        (
            lambda now: state(fed=int(now), text="locked: camera lost: /dev/video0"),
            "locked: camera lost: /dev/video0",
        ),
        # One process after another, each fed for a while.
        (lambda now: state(fed=int(now), pid=int(now) // 6), "did not prove itself"),
        (
            lambda now: state("activating", restarts=int(now) // 4),
            "was started again 3 times: it is activating",
        ),
        (lambda now: state(fed=int(now), restarts=3), "was started again 3 times"),
    ],
)
def test_what_does_not_work_is_not_kept(states: Callable[[float], State], said: str) -> None:
    with pytest.raises(Unhealthy, match=said):
        waited(states)


def test_a_camera_that_comes_late_counts_from_then() -> None:
    def states(now: float) -> State:
        return state(fed=int(now), text="locked: camera lost: x" if now < 20 else "")

    assert waited(states) == pytest.approx(30.0, abs=1.0)


# With systemctl's own kind of answer ----------------------------------------------------------
def test_systemds_answer_is_read(systemctl: Callable[[str], None]) -> None:
    systemctl(WELL)
    said = health.ask()
    assert (said["ActiveState"], said["StatusText"]) == ("active", "watching=1")


@pytest.mark.parametrize("script", ["exit 1", "echo ActiveState=active", "true"])
def test_a_systemd_that_does_not_answer_is_not_healthy(
    systemctl: Callable[[str], None], script: str
) -> None:
    systemctl(script)
    with pytest.raises(Unhealthy, match="systemd"):
        health.ask()


def test_the_command_remembers_how_a_trial_ended(
    machine: Machine,
    systemctl: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    note = machine.root / "data/update/trial.json"
    words = ["health", "--root", str(machine.root), "--timeout-s", "0.2"]
    systemctl("echo ActiveState=failed; " + WELL.split("; ", 1)[1])
    assert main(words) == 13
    assert not note.exists(), "not a trial: only a question"
    machine.on_trial()
    assert main(words) == 13
    said = json.loads(note.read_text())
    assert (said["version"], said["slot"], said["kept"]) == (RUNNING, "a", False)
    assert "it is failed" in said["why_not"]
    capsys.readouterr()
    assert main(["status", "--root", str(machine.root)]) == 0
    assert f"last trial: {RUNNING}, not kept: face-gate.service did not" in capsys.readouterr().out
    monkeypatch.setattr(health, "FOR_S", 0.0)
    monkeypatch.setattr(health, "FED", 1)
    monkeypatch.setattr(health, "EVERY_S", 0.01)
    systemctl(WELL)
    assert main([*words[:-1], "20"]) == 0
    assert json.loads(note.read_text())["kept"] is True


def test_the_units_wait_for_it() -> None:
    """Read as systemd reads them: what is kept needs the check, and a failure starts again."""
    units = Path(__file__).parents[3] / "firmware_configs/rootfs/usr/lib/systemd/system"
    link = units / "boot-complete.target.requires/face-gate-health.service"
    assert link.resolve() == (units / "face-gate-health.service").resolve(strict=True)
    text = link.read_text()
    for line in (
        "FailureAction=reboot",
        "Before=boot-complete.target",
        "JobTimeoutAction=reboot-force",
    ):
        assert line in text.splitlines()
