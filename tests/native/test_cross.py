"""The C++ tests, cross-compiled for the boards and run on an emulated Raspberry Pi 4."""

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
}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_kernels_on_an_emulated_board(tmp_path):
    missing = {package for tool, package in NEEDED.items() if shutil.which(tool) is None}
    if missing:
        pytest.skip(f"needs the Debian packages {', '.join(sorted(missing))}")
    run("cmake", "-S", ROOT, "-B", tmp_path, f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}")
    run("cmake", "--build", tmp_path, "--parallel", "2")
    header = (tmp_path / "native" / "test_align").read_bytes()[:20]
    assert header[:4] == b"\x7fELF" and header[18:20] == b"\xb7\x00", "not an aarch64 program"
    tests = (tmp_path / "native" / "CTestTestfile.cmake").read_text()
    assert "qemu-aarch64" in tests and "cortex-a72" in tests
    report = run("ctest", "--test-dir", tmp_path, "--output-on-failure", "--no-tests=error")
    for operation in ("similarity", "align", "decode", "nms", "match", "scan", "index"):
        assert f": {operation} ..." in report
