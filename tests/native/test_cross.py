"""The C++ tests on processors that this machine is not: every variant runs where it belongs.

Built for this machine, they run on emulated x86 processors from the floor up; cross-compiled, on
those of the boards. Each says what it found there, so that a variant that was never chosen shows.
"""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLCHAIN = ROOT / "firmware_configs" / "toolchains" / "aarch64-linux-gnu.cmake"
NEEDED = {
    "cmake": "cmake",
    "ctest": "cmake",
    "aarch64-linux-gnu-g++": "crossbuild-essential-arm64",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-x86_64-static": "qemu-user-static",
}
OPERATIONS = ("similarity", "align", "decode", "nms", "match", "scan", "index")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def require(*tools):
    missing = {NEEDED[tool] for tool in tools if shutil.which(tool) is None}
    if missing:
        pytest.skip(f"needs the Debian packages {', '.join(sorted(missing))}")


def check_variants(tests, emulator, widest_of):
    """Runs every operation on each processor; `scan` tells the widest set that it found."""
    for cpu, widest in widest_of.items():
        for operation in OPERATIONS:
            said = run(*emulator(cpu), tests / f"test_{operation}")
            assert " 0 failures" in said
            assert operation != "scan" or f"widest present: {widest}\n" in said, cpu


@pytest.mark.slow
def test_kernels_on_emulated_boards(tmp_path):
    require("cmake", "ctest", "aarch64-linux-gnu-g++", "qemu-aarch64-static")
    run("cmake", "-S", ROOT, "-B", tmp_path, f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}")
    run("cmake", "--build", tmp_path, "--parallel", "2")
    header = (tmp_path / "native" / "test_align").read_bytes()[:20]
    assert header[:4] == b"\x7fELF" and header[18:20] == b"\xb7\x00", "not an aarch64 program"
    tests = (tmp_path / "native" / "CTestTestfile.cmake").read_text()
    assert "qemu-aarch64" in tests and "cortex-a72" in tests
    report = run("ctest", "--test-dir", tmp_path, "--output-on-failure", "--no-tests=error")
    for operation in OPERATIONS:
        assert f": {operation} ..." in report

    def emulator(cpu):
        return "qemu-aarch64-static", "-cpu", cpu, "-L", "/usr/aarch64-linux-gnu"

    # The Pi 3's, the Pi 5's (a Jetson Orin's has the same), and what comes after.
    widest_of = {"cortex-a53": "neon", "cortex-a76": "dotprod", "max": "i8mm"}
    check_variants(tmp_path / "native", emulator, widest_of)


@pytest.mark.slow
def test_kernels_from_the_floor_of_x86_up(tmp_path):
    if platform.machine() != "x86_64":
        pytest.skip("builds for this machine, which is no x86-64")
    require("cmake", "qemu-x86_64-static")
    run("cmake", "-S", ROOT, "-B", tmp_path)
    run("cmake", "--build", tmp_path, "--parallel", "2")
    # The emulator has no AVX-512; that variant is run natively where it is, by every other test.
    check_variants(
        tmp_path / "native",
        lambda cpu: ("qemu-x86_64-static", "-cpu", cpu),
        {"qemu64": "baseline", "Haswell": "avx2"},
    )


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
