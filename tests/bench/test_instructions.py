"""Instructions are counted of the variant that is named, by counters that agree."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from bench import instructions
from bench.counters import EMULATOR, SingleSteps, emulator, told, valgrind


def require(*programs: str) -> None:
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.mark.slow
def test_wider_registers_need_fewer_instructions_and_counters_agree(tmp_path: Path) -> None:
    require("cmake", "c++", "valgrind")
    if platform.machine() != "x86_64":
        pytest.skip("compares variants of x86-64")
    program = instructions.build(tmp_path)
    if "avx2" not in told(["valgrind", "--quiet", program, "sets"]).split():
        pytest.skip("this processor has no AVX2")
    plain = instructions.count("x86-64", program, "baseline", "scan-1", valgrind())
    wide = instructions.count("x86-64", program, "avx2", "scan-1", valgrind())
    # 512 products a row: at least one instruction each, or 32 at a time and what a row costs.
    assert plain.instructions > 512 > 5 * 32 > wide.instructions > 512 / 32
    stepped = instructions.count("x86-64", program, "avx2", "scan-1", SingleSteps())
    assert stepped.instructions == pytest.approx(wide.instructions, rel=0.1)


@pytest.mark.slow
def test_every_variant_of_the_boards_can_be_counted(tmp_path: Path) -> None:
    require("cmake", "cc", "aarch64-linux-gnu-g++", EMULATOR[0])
    program = instructions.build(tmp_path, f"-DCMAKE_TOOLCHAIN_FILE={instructions.TOOLCHAIN}")
    counter = emulator(tmp_path)
    each = {
        name: instructions.count("aarch64", program, name, "scan-20", counter).instructions
        for name in told([*EMULATOR, program, "sets"]).split()
    }
    assert each["baseline"] > each["neon"] > each["dotprod"] > each["i8mm"] > 512 / 32
    assert list(each) == ["baseline", "neon", "dotprod", "i8mm"]


def test_a_scan_is_told_per_row_and_probe() -> None:
    assert instructions.share_of("scan-20", 96 * 20 * 7) == 7
    assert instructions.share_of("crop-112", 1234) == 1234


def test_the_table_leaves_empty_what_has_no_variant() -> None:
    found = [
        instructions.Counted("aarch64", "neon", "crop-112", 1234567, "qemu"),
        instructions.Counted("aarch64", "neon", "scan-1", 12.34, "qemu"),
        instructions.Counted("aarch64", "dotprod", "scan-1", 8, "qemu"),
    ]
    made = instructions.table(found)
    cells = {str(column.header): list(column.cells) for column in made.columns}
    assert cells["variant"] == ["neon", "dotprod"]
    assert cells["crop-112"] == ["1,234,567", ""]
    assert cells["scan-1"] == ["12.3", "8.0"]


def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert instructions.main([]) == 1
    assert "cmake is not installed" in capsys.readouterr().err
