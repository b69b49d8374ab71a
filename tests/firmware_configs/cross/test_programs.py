"""Programs that fail or are missing are named, with what they said or how to get them."""

import os
import sys

import pytest

from firmware_configs.cross import programs
from firmware_configs.cross.targets import TARGETS
from firmware_configs.errors import BuildError, ToolMissing


def test_a_programs_output_is_returned():
    assert programs.run(sys.executable, "-c", "print('yes')") == "yes\n"


def test_a_failure_says_what_the_program_said():
    code = "import sys; print('why'); print('because', file=sys.stderr); sys.exit(3)"
    with pytest.raises(BuildError, match="ended with code 3\nwhy\nbecause"):
        programs.run(sys.executable, "-c", code)


def test_a_program_that_is_missing_is_named():
    with pytest.raises(ToolMissing, match="no-such-program: is not installed"):
        programs.run("no-such-program")


def test_the_users_umask_does_not_show_in_what_is_made(tmp_path):
    before = os.umask(0o077)
    try:
        programs.run("mkdir", tmp_path / "made")
    finally:
        os.umask(before)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o755


def test_packages_to_install_are_named_once(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    needed = programs.needed(TARGETS["arm64"], emulate=True)
    packages = "apt cmake crossbuild-essential-arm64 dpkg git qemu-user-static"
    with pytest.raises(ToolMissing, match=f"apt-get install {packages}$"):
        programs.require(needed)


def test_what_is_built_does_not_depend_on_the_users_flags(monkeypatch):
    for name in ("CXXFLAGS", "CFLAGS", "LDFLAGS", "CMAKE_ARGS", "SKBUILD_CMAKE_DEFINE"):
        monkeypatch.setenv(name, "-O0")
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    environment = programs.clean_environment(SOURCE_DATE_EPOCH="1")
    assert "-O0" not in environment.values()
    assert environment["SOURCE_DATE_EPOCH"] == "1"
    assert environment["PIP_INDEX_URL"] == "https://example.org/simple"
