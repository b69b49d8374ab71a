"""The architectures that can be built for, and the processors that they are tested on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "cross"
PYTHON = "3.11"  # Debian 12's, whose extension the wheel carries


@dataclass(frozen=True)
class Processor:
    """One that the emulator plays. name: as its `-cpu` takes it; widest: the set it must have."""

    name: str
    widest: str


@dataclass(frozen=True)
class Target:
    """arch: Debian's name; machine: that of wheel tags and uname; elf: e_machine of its programs.

    sets: those of native/include/facegate/dispatch.hpp, from narrow to wide.
    lacks: why its Python cannot run what is built; None where it can.
    """

    arch: str
    triple: str
    machine: str
    elf: int
    emulator: str
    sets: tuple[str, ...]
    processors: tuple[Processor, ...]
    lacks: str | None = None

    @property
    def toolchain(self) -> Path:
        return ROOT / "firmware_configs" / "toolchains" / f"{self.triple}.cmake"

    @property
    def folder(self) -> Path:
        """Where all that is made for it lies."""
        return BUILD / self.arch

    @property
    def dist(self) -> Path:
        """Holds the one finished wheel and what it was made from, `build.json`."""
        return self.folder / "dist"

    def processor(self, name: str) -> Processor:
        """Raises UsageError for one that is not known."""
        for one in self.processors:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.processors)
        raise UsageError(f"--cpu: need one of {known} for {self.arch}, got {name!r}")


TARGETS = {
    target.arch: target
    for target in (
        Target(
            "arm64",
            "aarch64-linux-gnu",
            "aarch64",
            183,
            "qemu-aarch64-static",
            ("baseline", "neon", "dotprod", "i8mm"),
            (
                Processor("cortex-a53", "neon"),  # Pi 3
                Processor("cortex-a72", "neon"),  # Pi 4
                Processor("cortex-a76", "dotprod"),  # Pi 5; a Jetson Orin's has the same
                Processor("max", "i8mm"),  # all that the emulator knows
            ),
        ),
        Target(
            "armhf",
            "arm-linux-gnueabihf",
            "armv7l",
            40,
            "qemu-arm-static",
            ("baseline",),
            (Processor("cortex-a7", "baseline"), Processor("cortex-a15", "baseline")),
            "neither NumPy, ONNX Runtime nor OpenCV publishes wheels for 32-bit ARM",
        ),
    )
}


def target_of(arch: str) -> Target:
    """Raises UsageError for an architecture that is not known."""
    if arch not in TARGETS:
        raise UsageError(f"--arch: need one of {', '.join(TARGETS)}, got {arch!r}")
    return TARGETS[arch]


# Folder of native/src that holds the variants of what native.dispatch() names.
KERNELS = {"align": "align", "boxes": "boxes", "match": "exact", "index": "scan"}


def expected_variants(target: Target, widest: str, sources: Path = ROOT) -> dict[str, str]:
    """What native.dispatch() must say where `widest` is the widest set: read from the sources.

    A kernel uses its widest variant that is no wider; each is a file named after its set.
    """
    present = target.sets[: target.sets.index(widest) + 1]
    return {
        kernel: [s for s in present if (sources / "native/src" / folder / f"{s}.cpp").exists()][-1]
        for kernel, folder in KERNELS.items()
    }
