"""Runs the native tests on the board's processors, played by an emulator, variant by variant."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from edge.console import Output
from edge.errors import UsageError
from firmware_configs.cross import programs, source, wheel
from firmware_configs.cross.emulated import CppTests, EmulatedPython, Passed
from firmware_configs.cross.targets import ROOT, TARGETS, target_of
from firmware_configs.errors import BuildError

EXAMPLES = """\
examples:
    python -m firmware_configs.cross test
    python -m firmware_configs.cross test --cpu cortex-a72 --cpu max
    python -m firmware_configs.cross test --only cpp
    python -m firmware_configs.cross test --arch armhf --only cpp
"""
KINDS = ("cpp", "python")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--arch",
        default="arm64",
        metavar="ARCH",
        help=f"Debian's name of the architecture: {', '.join(TARGETS)} (default %(default)s)",
    )
    parser.add_argument(
        "--cpu",
        action="append",
        metavar="CPU",
        help="only this processor; may be given more than once (default: all that are known)",
    )
    parser.add_argument(
        "--only",
        choices=KINDS,
        help="only the C++ tests, or only those in Python (default: both)",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable result and errors")


def run(args: argparse.Namespace, output: Output) -> int:
    target = target_of(args.arch)
    names = args.cpu or [one.name for one in target.processors]
    processors = [target.processor(name) for name in names]
    if target.lacks is not None and args.only != "cpp":
        raise UsageError(
            f"--arch {target.arch}: {target.lacks}, so nothing of it runs in Python there; "
            "the C++ tests do: --only cpp"
        )
    programs.require(programs.needed(target, emulate=True))
    passed: list[Passed] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=output.err, transient=True) as progress:
        now = progress.add_task("", total=None)

        def say(what: str) -> None:
            progress.update(now, description=f"{target.arch}: {what}")

        if args.only != "python":
            say("compiling the C++ tests")
            cpp = CppTests(target, target.folder / "cpp")
            for one in processors:
                say(f"C++ tests on {one.name}")
                passed.append(cpp.run(one))
        if args.only != "cpp":
            made = wheel.built(target)
            if made.sources != source.digest(ROOT):
                raise BuildError(
                    f"{made.path}: the sources changed since; run: make cross ARCH={target.arch}"
                )
            say("setting up the target's Python")
            python = EmulatedPython(target, made.path)
            for one in processors:
                say(f"tests in Python on {one.name}, some minutes")
                passed.append(python.run(one))
    data = [asdict(one) for one in passed]
    (target.folder / "tests.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    output.result({"arch": target.arch, "passed": data}, lambda console: _show(console, passed))
    return 0


def _show(console: Console, passed: list[Passed]) -> None:
    table = Table("tests", "processor", "variants", "passed", "skipped")
    for one in passed:
        row = (one.what, one.processor, one.variants, str(one.tests), str(len(one.skipped)))
        table.add_row(*row)
    console.print(table)
