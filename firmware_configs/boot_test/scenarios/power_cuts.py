"""The power goes while people are enrolled and the record is written, again and again."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_configs.boot_test import disks
from firmware_configs.boot_test.bench import PYTHON, Bench, failed_units, log_in
from firmware_configs.boot_test.machine import Board, Machine
from firmware_configs.boot_test.results import Result

AS_DAEMON = (
    "setpriv --reuid=face-gate --regid=face-gate --init-groups env PYTHONDONTWRITEBYTECODE=1"
)
SHORTEST_S, LONGEST_S = 0.2, 6.0
"""Real seconds of writing before the power goes; drawn anew for each cut."""


@dataclass(slots=True)
class Promises:
    """What the console confirmed before the power went. maybe: was under way at that moment."""

    recorded: set[str] = field(default_factory=set)
    people: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self.recorded) + len(self.people) + len(self.removed)


def promised(console: str) -> Promises:
    """From the lines of guest/busy.py; a last line without its end promises nothing."""
    made = Promises()
    for line in re.findall(r"^(RECORDED|ADDING|ADDED|REMOVING|REMOVED) (.+)\n", console, re.M):
        word, (token, *digest) = line[0], line[1].split()
        match word:
            case "RECORDED":
                made.recorded.add(token)
            case "ADDED":
                made.maybe.discard(token)
                made.people[token] = digest[0]
            case "REMOVED":
                made.maybe.discard(token)
                made.removed.add(token)
            case _:
                made.maybe.add(token)
                made.people.pop(token, None)
    return made


def broken(made: Promises, found: dict[str, Any]) -> list[str]:
    """The promises that what was found after the next boot does not keep."""
    there = {name.removeprefix("cut "): d for name, d in found["people"].items() if "cut " in name}
    wrong = [f"recorded, and lost: {t}" for t in sorted(made.recorded - set(found["tokens"]))]
    for token, digest in made.people.items():
        if there.get(token) != digest:
            wrong.append(f"enrolled, and {'changed' if token in there else 'lost'}: {token}")
    wrong += [f"removed, and there: {t}" for t in sorted(made.removed & set(there))]
    known = set(made.people) | made.maybe
    wrong += [f"never enrolled: {t}" for t in sorted(set(there) - known)]
    if found["integrity"] != ["ok"]:
        wrong.append(f"integrity check: {found['integrity']}")
    if found["broken"] is not None:
        wrong.append(f"record: {found['broken']}")
    return wrong


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
    made: Promises | None = None
    before: list[str] = []
    total, torn = 0, 0
    for number in range(cuts + 1):
        disks.overlay(board.disk, layer)
        on = Board(board.disk, board.variables, board.log, layer, board.read_only, board.memory)
        with Machine(on) as machine:
            bench = log_in(machine, password)
            bench.wait_ready(120)
            if made is not None:
                found = _found(bench)
                torn = found["torn"]
                failed = failed_units(bench)
                wrong = broken(made, found) + [f"failed unit: {u}" for u in failed]
                persons = [n for n in found["people"] if not n.startswith("cut ")]
                wrong += [f"no longer enrolled: {n}" for n in before if n not in persons]
                result.check(
                    f"cut {number}: it comes up, keeps what it confirmed, and all is whole",
                    not wrong,
                    "; ".join(wrong[:5]) or f"{made.count} confirmed, {len(made.maybe)} under way",
                )
                total += made.count
            if number == cuts:
                machine.power_off()
                break
            before = [n for n in _found(bench)["people"] if not n.startswith("cut ")]
            made = _write_and_cut(machine, number + 1, draw, say)
        disks.merge(layer)
        said = disks.check_data(board.disk, work)
        result.check(f"cut {number + 1}: e2fsck finds nothing to repair", True, said)
    disks.merge(layer)
    result.figures["power cuts"] = f"{cuts}"
    result.figures["writes confirmed before the cuts"] = f"{total}"
    result.figures["torn last lines of the record, set aside by the product"] = f"{torn}"


def _found(bench: Bench) -> dict[str, Any]:
    text = bench.sh(f"cd /run/boot-test && {AS_DAEMON} {PYTHON} verify.py", 400)
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def _write_and_cut(
    machine: Machine, number: int, draw: random.Random, say: Callable[[str], None]
) -> Promises:
    console = machine.console
    console.send(f"cd /run/boot-test; {AS_DAEMON} {PYTHON} busy.py c{number}\n")
    began = len(console.text)
    console.expect(f"BUSY c{number}\n", 400)
    wait = draw.uniform(SHORTEST_S, LONGEST_S)
    time.sleep(wait)
    machine.cut_power()
    made = promised(console.text[began:])
    say(f"cut {number} after {wait:.1f} s: {made.count} confirmed, {len(made.maybe)} under way")
    return made
