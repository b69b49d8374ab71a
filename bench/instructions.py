"""Instructions that each variant of each kernel needs, where time would mean nothing.

    apt-get install cmake valgrind crossbuild-essential-arm64 qemu-user
    python -m bench.instructions
    python -m bench.instructions --only scan --json

Builds native/tests/count_once for this machine and for aarch64 in a temporary folder. Variants of
aarch64 are counted by a plugin in an emulator; those of x86-64 by valgrind, and what valgrind does
not know (AVX-512) by stepping through it on this processor, where that has it; on a virtual machine
a step can take 0.1 ms, and the whole half an hour (--without-steps leaves it out).

A crop is 112 x 112 of a face 112 or 336 pixels wide; the best box is of 25,200 candidates, of which
some 200 pass; suppression of 25,200 (3 % pass) and of 6,300 (24 % pass); a scan is
per row of 512 dimensions and probe.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.counters import EMULATOR, ROOT, Counter, SingleSteps, emulator, told, valgrind

TOOLCHAIN = ROOT / "firmware_configs" / "toolchains" / "aarch64-linux-gnu.cmake"
ROWS = 6 * 16  # that count_once scans for each probe


@dataclass(frozen=True)
class Counted:
    """instructions: of one time, or per row and probe."""

    processor: str
    variant: str
    work: str
    instructions: float
    counter: str


def build(folder: Path, *options: str) -> Path:
    """Makes count_once in the folder. Raises CalledProcessError, with what the tool said."""
    told(["cmake", "-S", ROOT, "-B", folder, *options])
    told(["cmake", "--build", folder, "--target", "count_once"])
    return folder / "native" / "count_once"


def share_of(work: str, instructions: float) -> float:
    """Of a scan, what one row and probe take; of other works, all."""
    kind, _, number = work.partition("-")
    return instructions / (ROWS * int(number)) if kind == "scan" else instructions


def count(processor: str, program: Path, variant: str, work: str, counter: Counter) -> Counted:
    """Raises CalledProcessError."""
    instructions, used = counter.count(program, work, variant)
    assert used == variant
    return Counted(processor, variant, work, share_of(work, instructions), counter.name)


def plans(folder: Path, only: str, steps: bool) -> Iterator[tuple[str, Path, str, str, Counter]]:
    """What is to be counted: processor, program, set, work, counter; each variant that there is."""
    here = build(folder / "x86")
    there = build(folder / "arm", f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}")
    works = [work for work in told([here, "works"]).split() if work.startswith(only)]
    known = told(["valgrind", "--quiet", here, "sets"]).split()
    for processor, start, program in (("x86-64", (), here), ("aarch64", EMULATOR, there)):
        for allowed in told([*start, program, "sets"]).split():
            if processor == "aarch64":
                counter = emulator(folder)
            elif allowed in known:
                counter = valgrind()
            elif steps:
                counter = SingleSteps()
            else:
                continue
            for work in works:
                # Not at all, only to hear whether this kernel has a variant for the set.
                if told([*start, program, work, "0"], allowed).strip() == allowed:
                    yield processor, program, allowed, work, counter


def table(found: list[Counted]) -> Table:
    """A row per variant; what a kernel has no variant for is left empty."""
    works = list(dict.fromkeys(one.work for one in found))
    made = Table(title="instructions: of one crop or call, and of a scan per row and probe")
    for name in ("processor", "variant", "counted by", *works):
        made.add_column(name, justify="right" if name in works else "left")
    for processor, variant in dict.fromkeys((one.processor, one.variant) for one in found):
        of = {o.work: o for o in found if (o.processor, o.variant) == (processor, variant)}
        cells = [_figure(of[work].instructions) if work in of else "" for work in works]
        made.add_row(processor, variant, next(iter(of.values())).counter, *cells)
    return made


def _figure(instructions: float) -> str:
    return f"{instructions:,.1f}" if instructions < 1000 else f"{instructions:,.0f}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="WORK", help="works whose names begin so")
    parser.add_argument("--without-steps", action="store_true", help="nothing by single steps")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    args = parser.parse_args(arguments)
    console = Console(stderr=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            with console.status("compiling"):
                every = list(plans(Path(folder), args.only, not args.without_steps))
            found = [count(*one) for one in track(every, description="works", console=console)]
    except FileNotFoundError as error:
        console.print(f"{error.filename} is not installed; see --help", style="red")
        return 1
    except subprocess.CalledProcessError as error:
        console.print(f"{error.cmd[0]} failed: {error.stderr or error}", style="red")
        return 1
    if args.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
    else:
        Console().print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
