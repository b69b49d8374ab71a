"""Three ways to count the instructions that a kernel executes."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

HERE = Path(__file__).parent
ROOT = HERE.parent
# The processor that is emulated has everything that the emulator knows.
EMULATOR = ("qemu-aarch64", "-cpu", "max")


def told(command: Sequence[str | Path], kernels: str | None = None) -> str:
    """What a command prints, with FACEGATE_KERNELS set. Raises CalledProcessError."""
    # Nothing else of this environment: a program's start would depend on how long it is.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    if kernels is not None:
        environment["FACEGATE_KERNELS"] = kernels
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


class Counter(Protocol):
    """name: the tool. A program is `count_once`; kernels: the widest instruction set allowed."""

    name: str

    def count(self, program: Path, work: str, kernels: str) -> tuple[int, str]:
        """Instructions of doing the work once, and the set that it used.

        Raises CalledProcessError.
        """


class _ByDifference:
    """Counts whole runs, of which one does the work once and one twice."""

    def __init__(
        self, name: str, start: Callable[[Path], list[str | Path]], read: Callable[[str], int]
    ) -> None:
        """start: the words before a program that is to be counted into a file; read: that file."""
        self.name = name
        self._start = start
        self._read = read

    def count(self, program: Path, work: str, kernels: str) -> tuple[int, str]:
        totals = []
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "out")
            for times in ("1", "2"):
                used = told([*self._start(out), program, work, times], kernels).strip()
                totals.append(self._read(out.read_text()))
        return totals[1] - totals[0], used


class SingleSteps:
    """On this very processor, stopped after each instruction: whatever it has, and slowly."""

    name = "single steps"

    def count(self, program: Path, work: str, kernels: str) -> tuple[int, str]:
        used, steps = told([program, work, "1", "steps"], kernels).split()
        return int(steps), used


def _totals(text: str) -> int:
    [total] = re.findall(r"^totals: (\d+)$", text, re.MULTILINE)
    return int(total)


def valgrind() -> Counter:
    """On this machine's architecture, as an emulation of it that knows no AVX-512."""
    words = ("valgrind", "--quiet", "--tool=callgrind")
    return _ByDifference("valgrind", lambda out: [*words, f"--callgrind-out-file={out}"], _totals)


def emulator(folder: Path) -> Counter:
    """aarch64, by a plugin for QEMU up to 8 (the interface's version 1), built in the folder."""
    plugin = folder / "emulated_count.so"
    how = ("-O2", "-shared", "-fPIC", "-fvisibility=hidden")
    told(["cc", *how, "-o", plugin, HERE / "emulated_count.c"])
    return _ByDifference("qemu", lambda out: [*EMULATOR, "-plugin", f"{plugin},out={out}"], int)
