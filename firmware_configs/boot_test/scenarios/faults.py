"""What breaks in the field: camera, process, hang, a line that somebody else holds."""

from __future__ import annotations

from firmware_configs.boot_test.bench import STATE, Bench, pulses
from firmware_configs.boot_test.results import Result
from firmware_configs.boot_test.scenarios.door import GRANT_S, PULSE_S, exit_button

WATCHDOG_S = 10.0
HOLDER = (
    "import gpiod,time;from gpiod.line import Direction;"
    "c=next(p for p in __import__('glob').glob('/dev/gpiochip*')"
    " if gpiod.Chip(p).get_info().label=='door');"
    "r=gpiod.request_lines(c,consumer='squatter',"
    "config={'LOCK':gpiod.LineSettings(direction=Direction.INPUT)});time.sleep(10**6)"
)


def prove(bench: Bench, result: Result) -> None:
    """Raises NotProved, ConsoleError."""
    camera_out(bench, result)
    killed(bench, result)
    hung(bench, result)
    line_taken(bench, result)


def status_says(text: str) -> str:
    """A shell condition."""
    return f"systemctl show face-gate -p StatusText --value | grep -q '{text}'"


def camera_out(bench: Bench, result: Result) -> None:
    pid = bench.property("MainPID")
    bench.show("empty")
    bench.camera("out")
    gone = bench.says("ls /dev/video0")
    bench.wait(status_says("camera lost"), 30, "the service says that the camera is lost")
    bench.pause(WATCHDOG_S * 2)
    result.check("camera pulled out: LOCK is low", bench.lock_level() == 0, gone)
    alive = bench.property("ActiveState") == "active" and bench.property("MainPID") == pid
    result.check(
        "the service lives on, the same process, past its watchdog's time",
        alive,
        bench.property("StatusText"),
    )
    exit_button(bench, result, ", without a camera")
    bench.camera("in")
    bench.show("person")
    began = bench.now()
    bench.wait_level(1, GRANT_S + 30, "after the camera's return the person is admitted")
    result.check(
        "the camera is back: the person is admitted, no restart",
        bench.property("MainPID") == pid,
        f"{bench.now() - began:.0f} s later",
    )


def killed(bench: Bench, result: Result) -> None:
    bench.show("person")
    bench.wait_level(0, PULSE_S + 2, "the last pulse ends")
    restarts = int(bench.property("NRestarts"))
    bench.wait_level(1, GRANT_S, "the person is admitted")
    began = bench.now()
    bench.show("empty")
    bench.sh("systemctl kill -s KILL face-gate")
    bench.wait_level(0, PULSE_S, "LOCK falls after kill -9")
    fell = bench.changes()[-1].t
    result.check(
        "kill -9 in the middle of a pulse: LOCK falls",
        fell - began < PULSE_S,
        f"within {max(fell - began, 0):.2f} s of the kill",
    )
    bench.pause(2)
    bench.wait_ready(90)
    again = int(bench.property("NRestarts")) - restarts
    result.check(
        "and the service is READY again by itself",
        again == 1,
        f"{bench.ready_at() - began:.1f} s after the kill, {again} restart",
    )
    result.figures["kill -9 to READY again, machine's clock"] = f"{bench.ready_at() - began:.1f} s"
    result.check(
        "LOCK stays low meanwhile", bench.changes()[-1].t == fell, f"low since {fell:.2f} s"
    )


def hung(bench: Bench, result: Result) -> None:
    restarts = int(bench.property("NRestarts"))
    pid = bench.property("MainPID")
    bench.show("empty")
    bench.wait_level(0, PULSE_S + 5, "no pulse is running")
    bench.pause(1)
    began = bench.now()
    bench.sh(
        f"echo pull-up > {STATE}/exit; until [ $(cat {STATE}/lock) = 1 ]; do :; done; "
        f"kill -STOP {pid}; echo pull-down > {STATE}/exit",
        300,
    )
    bench.wait(
        f"[ $(systemctl show face-gate -p MainPID --value) != {pid} ]",
        WATCHDOG_S + 30,
        "the watchdog ends the hung daemon",
    )
    bench.wait_ready(90)
    ready = bench.ready_at()
    said = bench.sh("journalctl -u face-gate -o cat --no-pager | grep -i watchdog | tail -1")
    result.check(
        "a hung daemon (SIGSTOP) is ended by the watchdog and started again",
        int(bench.property("NRestarts")) > restarts and "atchdog" in said,
        f"READY {ready - began:.1f} s after it hung; systemd: {said}",
    )
    result.figures["hang to READY again, machine's clock"] = f"{ready - began:.1f} s"
    stuck = pulses(bench.changes(), began)
    result.check(
        "it hung in the middle of a pulse: LOCK is low once the watchdog has ended it",
        bench.lock_level() == 0 and len(stuck) == 1 and stuck[0].length <= WATCHDOG_S + 2,
        f"high for {', '.join(f'{p.length:.1f} s' for p in stuck)}",
    )


def line_taken(bench: Bench, result: Result) -> None:
    bench.sh("systemctl stop face-gate", 300)
    bench.sh(f'systemd-run --quiet --unit=squatter /opt/face-gate/bin/python -c "{HOLDER}"')
    bench.wait("gpioinfo | grep -q squatter", 60, "somebody else holds LOCK")
    bench.console.run("systemctl start face-gate", 400)
    bench.pause(15)
    state = bench.property("ActiveState")
    said = bench.sh("journalctl -u face-gate -o cat --no-pager | grep 'in use' | tail -1; true")
    result.check(
        "LOCK held by somebody else: the service does not become READY",
        state != "active",
        f"state {state}",
    )
    result.check("and says who holds it", "squatter" in said, said)
    bench.sh("systemctl stop squatter")
    bench.wait_ready(120)
    result.check("freed: the service starts by itself", True, bench.property("StatusText"))
