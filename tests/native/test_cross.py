"""The C++ tests on processors that this machine is not: every variant runs where it belongs.

Built for this machine, they run on emulated x86 processors from the floor up; cross-compiled, on
those of the boards. Each says what it found there, so that a variant that was never chosen shows.
"""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_configs.cross import programs
from firmware_configs.cross.emulated import CppTests
from firmware_configs.cross.targets import TARGETS

ROOT = Path(__file__).parents[2]
OPERATIONS = ("similarity", "align", "decode", "nms", "match", "scan", "index")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_kernels_on_emulated_boards(tmp_path):
    target = TARGETS["arm64"]
    if packages := programs.missing(programs.needed(target, emulate=True)):
        pytest.skip(f"needs the Debian packages {', '.join(packages)}")
    tests = CppTests(target, tmp_path)
    assert set(OPERATIONS) <= set(tests.names)
    header = (tmp_path / "native" / "test_align").read_bytes()[:20]
    assert header[:4] == b"\x7fELF" and header[18] == target.elf, "no aarch64 program"
    for processor in target.processors:
        # Raises unless each passes, and finds the set that this processor must have.
        assert tests.run(processor).variants == processor.widest


@pytest.mark.slow
def test_kernels_from_the_floor_of_x86_up(tmp_path):
    if platform.machine() != "x86_64":
        pytest.skip("builds for this machine, which is no x86-64")
    if packages := programs.missing({"cmake": "cmake", "qemu-x86_64-static": "qemu-user-static"}):
        pytest.skip(f"needs the Debian packages {', '.join(packages)}")
    run("cmake", "-S", ROOT, "-B", tmp_path)
    run("cmake", "--build", tmp_path, "--parallel", "2")
    # The emulator has no AVX-512; that variant is run natively where it is, by every other test.
    for cpu, widest in {"qemu64": "baseline", "Haswell": "avx2"}.items():
        for operation in OPERATIONS:
            test = tmp_path / "native" / f"test_{operation}"
            said = run("qemu-x86_64-static", "-cpu", cpu, test)
            assert " 0 failures" in said
            # This one tells the widest set that it found.
            assert operation != "scan" or f"widest present: {widest}\n" in said, cpu


@pytest.mark.slow
def test_variants_share_no_inline_functions(tmp_path):
    """The linker keeps one copy of an inline function: never one that needs wide registers."""
    for tool in ("cmake", "nm", "c++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    run("cmake", "-S", ROOT, "-B", tmp_path, "-DFACEGATE_BUILD_TESTS=OFF")
    run("cmake", "--build", tmp_path, "--parallel", "2")
    kernels = tmp_path / "native" / "CMakeFiles" / "facegate_kernels.dir" / "src"
    variants = [p for p in kernels.glob("*/*.o") if "baseline" not in p.name]
    assert len(variants) >= 3
    for variant in variants:
        weak = [line for line in run("nm", "-C", variant).splitlines() if " W " in line]
        assert weak == [], variant.name
