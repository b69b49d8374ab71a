"""The power goes while people are enrolled and the record is written, again and again."""

from __future__ import annotations

import dataclasses
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from firmware_configs.boot_test import disks
from firmware_configs.boot_test.bench import PYTHON, Bench, failed_units, log_in
from firmware_configs.boot_test.machine import Board, Machine
from firmware_configs.boot_test.monitor import Monitor
from firmware_configs.boot_test.promises import MARK, Promises, broken, promised
from firmware_configs.boot_test.results import Result

AS_DAEMON = (
    "setpriv --reuid=face-gate --regid=face-gate --init-groups env PYTHONDONTWRITEBYTECODE=1"
)
WAYS = {
    "enrol": "face-gate-enroll add and remove",
    "exits": "the exit button, recorded by the daemon",
    "both": "both at once",
}
LONGEST_S = {"enrol": 40.0, "exits": 8.0, "both": 40.0}
"""Half of the cuts come after so many of our seconds at most, drawn evenly: an enrolment takes ten
to twenty, a removal five, an opening three. """
MOST_WRITES = {"enrol": 30, "exits": 12, "both": 30}
"""The other half come just after a write to the card, drawn evenly among so many: enrolling and
removing somebody takes some thirty, an opening six."""
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
    whole, how = "", ""
    confirmed: list[Promises] = []
    torn, ready = 0, []
    for number in range(cuts + 1):
        disks.overlay(board.disk, layer)
        with Machine(dataclasses.replace(board, overlay=layer)) as machine:
            bench = log_in(machine, password)
            bench.wait_ready(120)
            ready.append(bench.ready_after_power_on())
            if made is None:
                whole = _reference(bench)
                before = [n for n in _found(bench)["people"] if not n.startswith(MARK)]
            else:
                found = _found(bench)
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
            made, how = _write_and_cut(bench, number, draw, say)
        disks.merge(layer)
        said = disks.check_data(board.disk, work)
        result.check(f"cut {number + 1}: e2fsck finds nothing to repair", True, said)
    disks.merge(layer)
    _figures(result, confirmed, ready, torn)


def _figures(result: Result, made: list[Promises], ready: list[float], torn: int) -> None:
    usual = median(ready)
    result.check(
        f"two cores: READY within {MAX_READY_S:.0f} real seconds of power-on",
        usual <= MAX_READY_S,
        f"{usual:.0f} s in the middle of {len(ready)} boots, {min(ready):.0f} to {max(ready):.0f}",
    )
    result.figures["cold boot to READY, two cores, real time (middle of all)"] = f"{usual:.0f} s"
    result.figures["power cuts"] = f"{len(made)}"
    result.figures["confirmed before the cuts: enrolments"] = f"{sum(len(m.people) for m in made)}"
    result.figures["removals"] = f"{sum(len(m.removed) for m in made)}"
    result.figures["openings of the lock"] = f"{sum(m.openings for m in made)}"
    result.figures["cut in the middle of an enrolment or removal"] = (
        f"{sum(bool(m.maybe) for m in made)}"
    )
    result.figures["torn last lines of the record, set aside by the product"] = f"{torn}"


def _summary(made: Promises, found: dict[str, Any]) -> str:
    done = sum(f"{MARK}{token}" in found["people"] for token in made.maybe)
    parts = [f"{len(made.people)} enrolled", f"{len(made.removed)} removed"]
    parts += [f"{made.openings} openings"] if made.openings else []
    parts += [f"{len(made.maybe)} under way, of whom {done} are there"] if made.maybe else []
    return f"{', '.join(parts)}; {found['lines']} lines of record"


def _reference(bench: Bench) -> str:
    """Digest of somebody enrolled as all the others will be, while the power stays on."""
    bench.sh("sh /run/boot-test/busy.sh once whole | grep -q '^ADDED whole-0$'", 900)
    digest: str = _found(bench)["people"][f"{MARK}whole-0"]
    bench.sh(f"face-gate-enroll remove '{MARK}whole-0' --yes", 300)
    return digest


def _found(bench: Bench) -> dict[str, Any]:
    text = bench.sh(f"cd /run/boot-test && {AS_DAEMON} {PYTHON} verify.py", 400)
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def _write_and_cut(
    bench: Bench, number: int, draw: random.Random, say: Callable[[str], None]
) -> tuple[Promises, str]:
    """What was confirmed before the power went, and how the cut came."""
    machine, console = bench.machine, bench.console
    # People of earlier cuts go first, so that each cut begins with the same gallery.
    for name in [n for n in _found(bench)["people"] if n.startswith(MARK)]:
        bench.sh(f"face-gate-enroll remove '{name}' --yes", 300)
    way = list(WAYS)[number % len(WAYS)]
    by_writes = draw.random() < 0.5
    with machine.monitor() as monitor:
        began = len(console.text)
        console.send(f"sh /run/boot-test/busy.sh {way} c{number + 1}\n")
        console.expect(rf"BUSY c{number + 1} \S+\n", 400)
        since = time.monotonic()
        if by_writes:
            moment = _after_writes(monitor, draw.randint(1, MOST_WRITES[way]))
        else:
            time.sleep(draw.uniform(0.2, LONGEST_S[way]))
            moment = ""
        machine.cut_power()
    after = f"{time.monotonic() - since:.1f} s{moment}"
    made = promised(console.text[began:])
    say(f"cut {number + 1}, {WAYS[way]}, after {after}: {made.count} confirmed")
    return made, f"{WAYS[way]}, after {after}"


def _after_writes(monitor: Monitor, writes: int) -> str:
    """Wait for so many writes to the card from now on."""
    before = monitor.written().operations
    reached = monitor.wait(
        lambda now: now.operations >= before + writes, 300, f"{writes} writes to the card"
    )
    return f", at write {reached.operations - before}"
