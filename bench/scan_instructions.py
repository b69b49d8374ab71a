"""Instructions that each variant of the gallery's scan needs, where time would mean nothing.

    apt-get install valgrind crossbuild-essential-arm64 qemu-user-static cmake
    python -m bench.scan_instructions

Builds the C++ tests for this machine and for aarch64 in a temporary folder. x86 variants are
counted by valgrind, which knows no AVX-512; those of aarch64 by an emulator that executes and
prints one instruction at a time. Each is run on few and on more groups of 16 rows, so that what
starting costs falls out. The table has instructions per row of 512 dimensions and probe.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
TOOLCHAIN = ROOT / "firmware_configs" / "toolchains" / "aarch64-linux-gnu.cmake"
SETS = {"x86-64": ("baseline", "avx2"), "aarch64": ("baseline", "neon", "dotprod", "i8mm")}
PROBES = (1, 20)
FEW, MORE = 6, 12  # groups; tiles of up to three groups divide both
GROUP_ROWS = 16


def build(folder: Path, *options: str) -> Path:
    """Makes scan_once in the folder. Raises CalledProcessError, with what the tool said."""
    for command in (
        ["cmake", "-S", ROOT, "-B", folder, *options],
        ["cmake", "--build", folder, "--target", "scan_once"],
    ):
        subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / "native" / "scan_once"


def by_valgrind(program: Path, *words: str) -> int:
    """Instructions of a whole run on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        done = subprocess.run(
            [*command, program, *words], check=True, capture_output=True, text=True
        )
    [count] = re.findall(r"Collected\s*:\s*(\d+)", done.stderr)
    return int(count)


def by_emulator(program: Path, *words: str) -> int:
    """Instructions of a whole run on an emulated processor that has everything."""
    command = ["qemu-aarch64-static", "-cpu", "max", "-singlestep", "-d", "exec,nochain"]
    with subprocess.Popen([*command, program, *words], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        count = sum(line.startswith(b"Trace ") for line in process.stderr)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return count


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(arguments)
    console = Console(stderr=True)
    table = Table(title="instructions per row and probe, 512 dimensions")
    for name in ("processor", "variant", *(f"probes: {n}" for n in PROBES)):
        table.add_column(name, justify="right" if name.startswith("probes") else "left")
    try:
        with tempfile.TemporaryDirectory() as folder:
            here = build(Path(folder, "x86"))
            there = build(Path(folder, "arm"), f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}")
            counters = {"x86-64": (by_valgrind, here), "aarch64": (by_emulator, there)}
            every = [(kind, name) for kind, names in SETS.items() for name in names]
            for kind, name in track(every, description="variants", console=console):
                count, program = counters[kind]
                shares = []
                for probes in PROBES:
                    few, more = (count(program, name, str(n), str(probes)) for n in (FEW, MORE))
                    shares.append((more - few) / ((MORE - FEW) * GROUP_ROWS * probes))
                table.add_row(kind, name, *(f"{share:.1f}" for share in shares))
    except FileNotFoundError as error:
        console.print(f"{error.filename} is not installed; see --help", style="red")
        return 1
    except subprocess.CalledProcessError as error:
        console.print(f"{error.cmd[0]} failed: {error.stderr or error}", style="red")
        return 1
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
