"""The power goes while people are enrolled and the record is written, again and again."""

from __future__ import annotations

import dataclasses
import json
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

from firmware_configs.boot_test import disks
from firmware_configs.boot_test.bench import PYTHON, Bench, failed_units, log_in
from firmware_configs.boot_test.machine import Board, Machine
from firmware_configs.boot_test.monitor import Monitor
from firmware_configs.boot_test.promises import MARK, Promises, broken, promised, tokens
from firmware_configs.boot_test.results import Result

AS_DAEMON = (
    "setpriv --reuid=face-gate --regid=face-gate --init-groups env PYTHONDONTWRITEBYTECODE=1"
)
WAYS = {
    "enrol": "face-gate-enroll add and remove",
    "exits": "the exit button, recorded by the daemon",
    "both": "both at once",
}
MOST_WRITES = {"enrol": 25, "exits": 6, "both": 25}
"""About as many as an enrolment, or an opening, needs of the card."""
OPENING_S = 3.5
MAX_READY_S = 60.0


def prove(
    board: Board,
    password: str,
    cuts: int,
    seed: int,
    work: Path,
    result: Result,
    say: Callable[[str], None],
) -> None:
    """board: with a card that has somebody enrolled. Raises NotProved, ConsoleError, BuildError."""
    draw = random.Random(seed)
    layer = work / "layer.qcow2"
    board = dataclasses.replace(board, cpus=2, own_clock=False)
    made: Promises | None = None
    before: list[str] = []
    whole, how, lasts = "", "", 0.0
    confirmed: list[Promises] = []
    torn, ready = 0, []
    for number in range(cuts + 1):
        disks.overlay(board.disk, layer)
        with Machine(dataclasses.replace(board, overlay=layer)) as machine:
            bench = log_in(machine, password)
            bench.wait_ready(120)
            ready.append(bench.ready_after_power_on())
            if made is None:
                whole, lasts = _reference(bench)
            found = _found(bench)
            if made is None:
                before = [n for n in found["people"] if not n.startswith(MARK)]
            else:
                torn = found["torn"]
                wrong = broken(made, found, whole)
                wrong += [f"failed unit: {u}" for u in failed_units(bench)]
                wrong += [f"no longer enrolled: {n}" for n in before if n not in found["people"]]
                result.check(
                    f"cut {number} ({how}): it comes up, keeps what it confirmed, and all is whole",
                    not wrong,
                    "; ".join(wrong[:5]) or _summary(made, found),
                )
                confirmed.append(made)
            if number == cuts:
                machine.power_off()
                break
            made, how = _write_and_cut(bench, number, tokens(found), lasts, draw)
            say(f"cut {number + 1}, {how}: {len(made.added)} added, {made.openings} openings")
        disks.merge(layer)
        said = disks.check_data(board.disk, work)
        result.check(f"cut {number + 1}: e2fsck finds nothing to repair", True, said)
    disks.merge(layer)
    _figures(result, confirmed, ready, torn)


def _figures(result: Result, made: list[Promises], ready: list[float], torn: int) -> None:
    seen = f"{median(ready):.0f} s; {len(ready)} boots, {min(ready):.0f} to {max(ready):.0f} s"
    # The workstation may be busy for some of them, and that is no boot's fault.
    result.check(
        f"two cores: READY within {MAX_READY_S:.0f} real seconds of power-on, half of the boots",
        median(ready) <= MAX_READY_S,
        seen,
    )
    result.figures["cold boot to READY, two cores, real time, shared workstation"] = (
        f"{min(ready):.0f} to {max(ready):.0f} s, half of them within {median(ready):.0f}"
    )
    result.figures["power cuts"] = f"{len(made)}"
    result.figures["confirmed before the cuts: enrolments"] = f"{sum(len(m.added) for m in made)}"
    result.figures["removals"] = f"{sum(len(m.removed) for m in made)}"
    result.figures["openings of the lock"] = f"{sum(m.openings for m in made)}"
    result.figures["cut in the middle of an enrolment or removal"] = (
        f"{sum(bool(m.maybe) for m in made)}"
    )
    result.figures["torn last lines of the record, set aside by the product"] = f"{torn}"


def _summary(made: Promises, found: dict[str, Any]) -> str:
    done = sum(f"{MARK}{token}" in found["people"] for token in made.maybe)
    parts = [f"{len(made.added)} enrolled, {len(made.removed)} removed"]
    parts += [f"{made.openings} openings"] if made.openings else []
    parts += [f"{len(made.maybe)} under way, of whom {done} are there"] if made.maybe else []
    parts += [f"{len(found['people'])} people and {found['lines']} lines of record there"]
    return "; ".join(parts)


def _reference(bench: Bench) -> tuple[str, float]:
    """Somebody enrolled as all the others will be, while the power stays on: digest of what was
    stored, and how many of our seconds it took."""
    began = time.monotonic()
    bench.sh("sh /run/boot-test/busy.sh once whole | grep -q '^ADDED whole-0$'", 900)
    took = time.monotonic() - began
    return tokens(_found(bench))["whole-0"], took


def _found(bench: Bench) -> dict[str, Any]:
    text = bench.sh(f"cd /run/boot-test && {AS_DAEMON} {PYTHON} verify.py", 400)
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def _write_and_cut(
    bench: Bench, number: int, there: Iterable[str], lasts: float, draw: random.Random
) -> tuple[Promises, str]:
    """What was confirmed before the power went, and how the cut came.

    lasts: seconds that an enrolment takes.
    """
    machine, console = bench.machine, bench.console
    way = list(WAYS)[number % len(WAYS)]
    one = OPENING_S if way == "exits" else lasts
    with machine.monitor() as monitor:
        began = len(console.text)
        console.send(f"sh /run/boot-test/busy.sh {way} c{number + 1}\n")
        console.expect(rf"BUSY c{number + 1} \S+\n", 400)
        since = time.monotonic()
        if number % 2:
            # Some time towards the end, then so many writes on: in the middle of what is stored.
            time.sleep(draw.uniform(0.5, 0.9) * one)
            writes = _after_writes(monitor, draw.randint(1, MOST_WRITES[way]))
            moment = f", at write {writes}"
        else:
            time.sleep(draw.uniform(0.05, 2.5) * one)
            moment = ""
        machine.cut_power()
    how = f"{WAYS[way]}, after {time.monotonic() - since:.1f} s{moment}"
    return promised(console.text[began:], there), how


def _after_writes(monitor: Monitor, writes: int) -> int:
    """Wait for so many writes to the card from now on; how many it were."""
    before = monitor.written().operations
    reached = monitor.wait(
        lambda now: now.operations >= before + writes, 300, f"{writes} writes to the card"
    )
    return reached.operations - before
