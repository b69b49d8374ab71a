"""What runs under emulation, and that the wheel which was built finds the right variants there."""

import stat

import pytest

from firmware_configs.cross import programs, source, wheel
from firmware_configs.cross.emulated import EmulatedPython, _calls, _launcher
from firmware_configs.cross.targets import ROOT, TARGETS
from firmware_configs.errors import BuildError

ARM64 = TARGETS["arm64"]


def test_tests_that_call_the_extension_are_told_from_those_that_compile():
    called = {path.name for path in (ROOT / "tests" / "native").glob("test_*.py") if _calls(path)}
    assert {"test_boxes.py", "test_dispatch.py", "test_index.py", "test_warp.py"} <= called
    assert not called & {"test_cpp.py", "test_cross.py", "test_fuzz.py", "test_wheel.py"}


def test_the_launcher_gives_its_own_name_to_the_interpreter(tmp_path, monkeypatch):
    emulator = tmp_path / "programs" / ARM64.emulator
    emulator.parent.mkdir()
    emulator.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    emulator.chmod(0o755)
    monkeypatch.setenv("PATH", f"{emulator.parent}:/bin:/usr/bin")
    system = tmp_path / "a system"
    (system / "usr" / "bin").mkdir(parents=True)
    place = _launcher(ARM64, system)
    assert place.stat().st_mode & stat.S_IXUSR
    said = programs.run(place, "-c", "print( 1 )").splitlines()
    python = str(system / "usr" / "bin" / "python3.11")
    assert said == ["-L", str(system), "-0", str(place), python, "-c", "print( 1 )"]


@pytest.mark.slow
def test_the_wheel_that_was_built_uses_the_right_variants():
    if packages := programs.missing(programs.needed(ARM64, emulate=True)):
        pytest.skip(f"needs the Debian packages {', '.join(packages)}")
    try:
        made = wheel.built(ARM64)
    except BuildError as error:
        pytest.skip(str(error))
    if made.sources != source.digest(ROOT):
        pytest.skip("the wheel is of other sources; run: make cross")
    if not (ARM64.folder / "python").exists():
        pytest.skip("the target's Python is not there; run: make cross-test")
    python = EmulatedPython(ARM64, made.path)
    for processor in ARM64.processors:
        # Raises where another variant is used than the widest that this processor has.
        assert f"index {processor.widest}" in python.check_variants(processor)
