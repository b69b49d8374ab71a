"""docs/boot-test.md, made of what was measured and nothing else."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from edge.outputs import replacing
from firmware_configs.boot_test.results import Result
from firmware_configs.image.tools import call

MAX_IMAGE_MB = 900
_WIDTH = 110

HEAD = """\
# Boot test

Written by `make image-test` (`python -m firmware_configs.boot_test --report docs/boot-test.md`); do
not edit. The generic arm64 image starts from its partitioned disk in an emulator (UEFI,
systemd-boot, read-only root, data partition). Nothing in it is a stand-in but the board: GPIO is
the kernel's gpio-sim, the camera is v4l2loopback, fed with films of real people at their own pace.
All is driven over the serial console, with the password that the first boot shows; whether the lock
opened is read from gpio-sim's files, not from our log.

The image is the product's, built with a site's file that names lines and update key, and with one
unit that sets up the simulated board before the service starts. Time limits, pulse and every bound
of the door are the product's defaults; the networks run in one thread. The
camera gives 15 pictures per second of somebody, one of an empty doorstep. The update that is tried
brings another site's file, with a network and SSH.

**The machine's clock.** For first boot, door and faults the machine has one core, and its clock
counts instructions, one a nanosecond, and runs in real time while it idles: the seconds of a slow
board, whatever the workstation is busy with. (A second core would share that clock, and what waits
there, spinning, slows the first.) For updates and power cuts it has two cores and our real time.

**A power cut** is the emulator killed. What it had not flushed is lost in part: its disk is a layer
that forgets where it has put blocks that were written for the first time since the last flush. Cuts
come at random moments, every second one just after some write to the card near the end of an
enrolment or an opening. What counts as confirmed is an exit status seen over the serial console,
and a lock seen released, since the daemon records an opening before it. After the next start all
who are enrolled must be so with all their templates, and be in the record.

**What this does not show:** speed on a real board, a real camera's pictures, a real relay, and the
Raspberry Pi and Jetson images, which cannot be started here.
"""


def about(image: Path, seconds: float, when: datetime) -> dict[str, Any]:
    """What was tested, and where."""
    qemu = call("qemu-system-aarch64", "--version").splitlines()[0]
    size = image.stat()
    return {
        "image": image.name,
        "image SHA-256": sha256(image),
        "image MB": round(size.st_size / 1e6),
        "of it not holes, MB": round(size.st_blocks * 512 / 1e6),
        "emulator": qemu,
        "machine": "Cortex-A76, one core or two, 1 GB",
        "workstation": platform.machine(),
        "minutes": round(seconds / 60),
        "date": when.date().isoformat(),
    }


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write(path: Path, results: Sequence[Result], facts: dict[str, Any]) -> None:
    """The page, and pictures of the console beside it. Raises OutputError."""
    pictures = path.parent / path.stem
    pictures.mkdir(exist_ok=True)
    parts = [HEAD, _summary(results, facts)]
    for result in results:
        parts.append(_section(result, pictures, path.parent))
    with replacing(path) as beside:
        beside.write_text("\n".join(parts), encoding="utf-8")


def _summary(results: Sequence[Result], facts: dict[str, Any]) -> str:
    lines = ["| what | measured |", "| --- | --- |"]
    lines += [f"| {name} | {_cell(str(value))} |" for name, value in facts.items()]
    lines += [f"| {n} | {_cell(v)} |" for r in results for n, v in r.figures.items()]
    lines += ["", "| scenario | outcome |", "| --- | --- |"]
    lines += [f"| {r.title} | {_outcome(r)} |" for r in results]
    return "\n".join(lines) + "\n"


def _outcome(result: Result) -> str:
    if result.skipped is not None:
        return f"not run: {_cell(result.skipped)}"
    good = sum(check.passed for check in result.checks)
    text = f"{good} of {len(result.checks)} checks hold"
    if result.error is not None:
        text += ", then it broke off"
    return f"**{text}**" if not result.passed else text


def _section(result: Result, pictures: Path, base: Path) -> str:
    lines = [f"## {result.title}", ""]
    if result.when:
        lines += [f"Run {result.when}, {result.seconds / 60:.0f} minutes of real time.", ""]
    if result.skipped is not None:
        lines += [f"Not run: {result.skipped}", ""]
        return "\n".join(lines)
    lines += ["| promise | holds | seen |", "| --- | --- | --- |"]
    for check in result.checks:
        holds = "yes" if check.passed else "**no**"
        lines.append(f"| {_cell(check.promise)} | {holds} | {_cell(check.seen)} |")
    lines.append("")
    if result.error is not None:
        lines += ["It broke off:", "", "```", result.error, "```", ""]
    for title, text in result.screens.items():
        name = f"{result.name}-{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')}.svg"
        _picture(title, text, pictures / name)
        lines += [f"![{title}]({(pictures / name).relative_to(base)})", ""]
    return "\n".join(lines)


def _picture(title: str, text: str, path: Path) -> None:
    """Text as a terminal shows it."""
    console = Console(record=True, width=_WIDTH, file=Path("/dev/null").open("w"))  # noqa: SIM115
    clean = "".join(c for c in text if c == "\n" or c.isprintable())
    console.print(Text(clean.strip()), soft_wrap=False)
    with replacing(path) as beside:
        beside.write_text(console.export_svg(title=title), encoding="utf-8")


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()[:400]
