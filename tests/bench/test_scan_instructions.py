"""Counting the instructions of a scan: what the counters see."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bench import scan_instructions


@pytest.mark.slow
def test_more_groups_take_more_instructions_and_wider_sets_fewer(tmp_path: Path) -> None:
    for tool in ("cmake", "c++", "valgrind"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    program = scan_instructions.build(tmp_path)

    def count(name: str, groups: int) -> int:
        return scan_instructions.by_valgrind(program, name, str(groups), "1")

    plain = count("baseline", 9) - count("baseline", 3)
    half = count("baseline", 6) - count("baseline", 3)
    assert half > 3 * 16 * 100 and plain == pytest.approx(2 * half, rel=0.05)
    with pytest.raises(subprocess.CalledProcessError):
        count("no such set", 3)


def test_a_missing_tool_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert scan_instructions.main([]) == 1
    assert "cmake is not installed" in capsys.readouterr().err
