"""Builds the native extension and the wheel for a board's architecture, on this workstation."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from rich.console import Console

from edge.console import Output
from firmware_configs.cross.targets import TARGETS, Target, target_of
from firmware_configs.cross.wheel import Wheel, build

EXAMPLES = """\
examples:
    python -m firmware_configs.cross build
    python -m firmware_configs.cross build --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--arch",
        default="arm64",
        metavar="ARCH",
        help=f"Debian's name of the architecture: {', '.join(TARGETS)} (default %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable result and errors")


def run(args: argparse.Namespace, output: Output) -> int:
    target = target_of(args.arch)
    with output.err.status("") as status:
        wheel = build(target, lambda what: status.update(f"{target.arch}: {what}"))
    if not wheel.clean:
        output.warn(f"built from changed files, not from commit {wheel.commit[:12]} alone")
    if target.lacks is not None:
        output.warn(f"{target.lacks}: this wheel cannot be installed from them")
    output.result(
        {**asdict(wheel), "path": str(wheel.path)}, lambda console: _show(console, target, wheel)
    )
    return 0


def _show(console: Console, target: Target, wheel: Wheel) -> None:
    size = wheel.path.stat().st_size / 1e6
    console.print(f"{wheel.path}  {size:.1f} MB for {target.machine}, Python 3.11")
    console.print(f"sha256 {wheel.sha256}")
    console.print(f"commit {wheel.commit}{'' if wheel.clean else ', changed'}")
