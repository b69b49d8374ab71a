"""A good update stays, one whose daemon crashes goes by itself, a forged one is refused."""

from __future__ import annotations

import json
from typing import Any

from firmware_configs.boot_test.bench import Bench, log_in
from firmware_configs.boot_test.machine import Machine
from firmware_configs.boot_test.results import Result

FOLDER = "/run/boot-test/more"
REFUSED = 13
GOOD, CRASHING, FORGED, OLD = "good.bundle", "crashing.bundle", "forged.bundle", "old.bundle"


def good(machine: Machine, bench: Bench, password: str, result: Result) -> Bench:
    """Up to a good update that was kept. Raises NotProved, ConsoleError."""
    first = version(bench)
    people = bench.sh("face-gate-enroll list --json", 300)
    refused(bench, FORGED, "a bundle with one changed byte is refused", result)
    bench = apply(machine, bench, password, GOOD)
    second = version(bench)
    result.require("the good update runs", second != first, f"{first} → {second}")
    bench.wait(settled(), 300, "the trial is over")
    said = status(bench)
    result.check("and is kept", not said["on_trial"], json.dumps(said["slots"]))
    same = bench.sh("face-gate-enroll list --json", 300) == people
    result.check("the people enrolled are the same", same, people)
    refused(bench, OLD, "the older version is refused", result)
    return bench


def bad(machine: Machine, bench: Bench, password: str, result: Result) -> None:
    """From there, one that does not work. Raises NotProved, ConsoleError."""
    second, began = version(bench), machine.age
    bench = apply(machine, bench, password, CRASHING)
    third = version(bench)
    bench.wait_ready(120)
    took = machine.age - began
    said = status(bench)
    result.check(
        "an update whose daemon crashes is gone by itself, the service runs",
        third == second,
        f"{second} runs again after {took:.0f} s real time",
    )
    result.check(
        "and status says why",
        said.get("last_trial") is not None,
        json.dumps(said.get("last_trial")),
    )
    result.screens["face-gate-update status"] = bench.sh("face-gate-update status", 120)


def refused(bench: Bench, name: str, promise: str, result: Result) -> None:
    before = status(bench)["slots"]
    answer = bench.console.run(f"face-gate-update apply --no-reboot {FOLDER}/{name}", 900)
    same = status(bench)["slots"] == before
    said = answer.text.strip().splitlines()[-1] if answer.text.strip() else "nothing"
    result.check(promise, answer.code == REFUSED and same, f"exit code {answer.code}: {said}")


def apply(machine: Machine, bench: Bench, password: str, name: str) -> Bench:
    """Start the update and log in to whatever runs in the end."""
    bench.console.send(f"face-gate-update apply {FOLDER}/{name}\n")
    if name == CRASHING:
        # Once into the system on trial, which gives up by itself; then the old one.
        machine.console.expect(r"login: ", 900)
    return log_in(machine, password)


def settled() -> str:
    """A shell condition: none is left that the loader would try. (It passes over empty ones.)"""
    return "! find /efi/loader/entries -name '*+*' -size +0 | grep -q ."


def status(bench: Bench) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(bench.sh("face-gate-update status --json", 120))
    return said


def version(bench: Bench) -> str:
    return bench.sh(". /etc/os-release; echo $IMAGE_VERSION")
