"""The power goes while an update is written: the old system comes back, or the whole new one."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable
from pathlib import Path

from firmware_configs.boot_test import disks
from firmware_configs.boot_test.bench import Bench, failed_units, log_in
from firmware_configs.boot_test.errors import NotProved
from firmware_configs.boot_test.machine import Board, Machine
from firmware_configs.boot_test.results import Result
from firmware_configs.boot_test.scenarios.updates import FOLDER, GOOD, settled, status, version

ROOT, BOOT, END, AFTER = "in the root", "in kernel and initrd", "at the end", "after it"
MOMENTS = (ROOT, BOOT, END, END, AFTER)
LAST_WRITES = 8
"""The end: after so many writes at most, behind the last byte of kernel and initrd. There the boot
loader's new entry is written."""
SLOTS = {ROOT: ("old",), BOOT: ("old",), END: ("old", "new"), AFTER: ("new",)}
"""Whose turn it may be after the cut."""


def prove(
    board: Board,
    password: str,
    sizes: tuple[int, int],
    seed: int,
    work: Path,
    result: Result,
    say: Callable[[str], None],
) -> None:
    """Leaves the card as it was. sizes: bytes of the update's root, and of kernel and initrd.

    Raises NotProved, ConsoleError, BuildError.
    """
    draw = random.Random(seed)
    layer = work / "layer.qcow2"
    on = dataclasses.replace(board, cpus=2, own_clock=False, overlay=layer)
    disks.overlay(board.disk, layer)
    waiting, cut, how, old = list(MOMENTS), "", "", ""
    came_up: list[str] = []
    while True:
        with Machine(on) as machine:
            bench = log_in(machine, password)
            bench.wait_ready(240)
            runs = version(bench)
            old = old or runs
            if cut:
                came_up.append("old" if runs == old else "new")
                _judge(bench, f"cut {len(came_up)}, {how}", cut, came_up[-1], runs, result)
                cut = ""
            if not waiting:
                machine.power_off()
                break
            if runs == old:
                cut = waiting.pop(0)
                how = _write_and_cut(bench, cut, sizes, draw)
                say(f"cut {how}")
                continue
        disks.overlay(board.disk, layer)  # an update is not newer than itself: from the beginning
    layer.unlink()
    result.figures["power cuts while an update was written"] = f"{len(came_up)}"
    result.figures["of them, the next boot was the old slot's"] = f"{came_up.count('old')}"
    result.figures["the next boot was the new slot's"] = f"{came_up.count('new')}"


def _judge(bench: Bench, how: str, moment: str, came_up: str, runs: str, result: Result) -> None:
    bench.wait(settled(), 300, "no trial is under way")
    failed = failed_units(bench)
    result.check(
        f"{how}: it comes up from {' or '.join(SLOTS[moment])} slot, and the door is watched",
        came_up in SLOTS[moment] and not failed,
        f"the {came_up} one's {runs}; failed units: {', '.join(failed) or 'none'}; "
        + ", ".join(f"slot {s['slot']} {s['state']}" for s in status(bench)["slots"]),
    )


def _write_and_cut(bench: Bench, moment: str, sizes: tuple[int, int], draw: random.Random) -> str:
    """Says how the cut came."""
    machine, console = bench.machine, bench.console
    root, boot = sizes
    total = root + boot
    with machine.monitor() as monitor:
        before = monitor.written()
        began, seen = time.monotonic(), len(console.text)
        console.send(
            f"face-gate-update apply --no-reboot {FOLDER}/{GOOD} >/dev/null 2>&1; "
            "printf '%s %d\\n' APPL''IED $?\n"
        )
        share = {ROOT: draw.uniform(0, root), BOOT: root + draw.uniform(0, boot)}
        wanted = share.get(moment, total)
        if moment == AFTER:
            if (code := console.expect(r"APPLIED (\d+)\n", 900)[1]) != "0":
                raise NotProved(f"the good update is not taken: exit code {code}")
        else:
            at = monitor.wait(
                lambda now: now.bytes >= before.bytes + wanted, 900, "the update is written"
            )
        if moment == END:
            more = draw.randint(1, LAST_WRITES)
            monitor.wait(
                lambda now: (
                    now.operations >= at.operations + more or "APPLIED" in console.text[seen:]
                ),
                900,
                "the end of the update",
            )
        written = monitor.written().bytes - before.bytes
        machine.cut_power()
    return f"{moment}: {written / 1e6:.1f} MB after {time.monotonic() - began:.0f} s"
