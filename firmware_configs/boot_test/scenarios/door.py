"""Enrol a person from a film; then who stands before the camera decides what the LOCK line does."""

from __future__ import annotations

from firmware_configs.boot_test.bench import Bench, pulses
from firmware_configs.boot_test.results import Result

PERSON = "Ada"
PULSE_S = 3.0
"""The product's default, which the test leaves alone."""
TOLERANCE_S = 0.3
STRANGER_S = 30.0
GRANT_S = 60.0


def one_thread(bench: Bench) -> None:
    """One thread per network, as the test's site says, also for an image built without that.

    The emulated cores share one clock: what one thread waits for another, spinning, is time lost.
    """
    file = "/etc/face-gate/face-gate.toml"
    bench.sh(f"sed -i 's/^#*threads = .*/threads = 1/' {file} && grep -qx 'threads = 1' {file}")
    bench.sh("systemctl reload face-gate", 300)
    bench.wait("journalctl -u face-gate -o cat | grep -q 'inference.threads = 1'", 60, "reloaded")


def enrol(bench: Bench, result: Result) -> None:
    """With the command that an administrator types. Raises NotProved."""
    began = bench.now()
    command = f"face-gate-enroll add {PERSON} --source /run/boot-test/films/enrol.mkv"
    answer = bench.console.run(command, 1200)
    took = bench.now() - began
    result.require("face-gate-enroll enrols from a film", answer.code == 0, _last(answer.text))
    listed = bench.sh("face-gate-enroll list", 300)
    result.require("the person is listed", PERSON in listed, _line(listed, PERSON))
    result.figures["face-gate-enroll add, machine's clock"] = f"{took:.0f} s"
    result.screens["enrolment"] = f"# {command}\n{answer.text}\n# face-gate-enroll list\n{listed}"
    noticed = "journalctl -u face-gate -o cat | grep -q 'bound people=1 '"
    bench.wait(noticed, 30, "the daemon has noticed")


def prove(bench: Bench, result: Result) -> None:
    """Raises NotProved, ConsoleError."""
    one_thread(bench)
    enrol(bench, result)
    bench.show("stranger")
    began = bench.now()
    bench.pause(STRANGER_S)
    opened = pulses(bench.changes(), began)
    refused = int(bench.sh("journalctl -u face-gate -o cat | grep -c '^INFO deny' || true"))
    result.check(
        "a stranger's film does not raise LOCK",
        not opened,
        f"{STRANGER_S:.0f} s before the camera, {len(opened)} pulses",
    )
    result.check("the stranger was looked at, and denied", refused >= 1, f"{refused} denials")
    bench.show("empty")
    bench.pause(3)
    began = bench.now()
    bench.show("person")
    bench.wait_level(1, GRANT_S, f"the film of {PERSON} raises LOCK")
    bench.wait_level(0, PULSE_S + 2, "LOCK falls again")
    bench.show("empty")
    first = pulses(bench.changes(), began)[0]
    result.check(
        "the film of the enrolled person raises LOCK",
        True,
        f"{first.begin - began:.1f} s after the person came",
    )
    result.check(
        f"for the configured pulse of {PULSE_S:g} s",
        abs(first.length - PULSE_S) <= TOLERANCE_S,
        f"{first.length:.2f} s at gpio-sim's own sysfs",
    )
    result.figures["person comes to LOCK high, machine's clock"] = f"{first.begin - began:.1f} s"
    result.figures["LOCK high for"] = f"{first.length:.2f} s"
    bench.pause(5)
    exit_button(bench, result)
    result.screens["the door's own log"] = bench.sh(
        "journalctl -u face-gate -o cat -n 12 --no-pager"
    )


def exit_button(bench: Bench, result: Result, where: str = "") -> None:
    """A press opens for one pulse; holding the button does not hold the door."""
    began = bench.now()
    bench.press_exit(0.3)
    bench.pause(PULSE_S + 2)
    opened = pulses(bench.changes(), began)
    length = f"{len(opened)} pulses" + (f" of {opened[0].length:.2f} s" if opened else "")
    good = len(opened) == 1 and abs(opened[0].length - PULSE_S) <= TOLERANCE_S
    result.check(f"the request-to-exit input raises LOCK for one pulse{where}", good, length)


def _line(text: str, word: str) -> str:
    return next((line.strip("│ ") for line in text.splitlines() if word in line), "not there")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
