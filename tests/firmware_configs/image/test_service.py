"""The door's unit, and what an image lays over it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_configs.boards import schema
from firmware_configs.image import compose
from firmware_configs.image.site import Site
from firmware_configs.image.version import Version

ROOTFS = compose.ROOTFS
SCRIPTS = sorted(
    p for folder in ("usr/lib/face-gate", "usr/bin") for p in (ROOTFS / folder).iterdir()
)
UNITS = sorted((ROOTFS / "usr/lib/systemd/system").glob("*.service"))


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    return found


def test_the_exposure_of_the_unit_is_at_most_one(analyze: str) -> None:
    words = [analyze, "security", "--offline=true", "--threshold=10", str(compose.UNIT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
    assert "Failed to parse" not in done.stderr


def test_nothing_in_the_unit_is_misspelt(analyze: str) -> None:
    words = [analyze, "security", "--offline=true", str(compose.UNIT)]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stderr
    assert re.findall(r"Unknown key '(\w+)'", said) == []


def test_what_the_unit_must_say() -> None:
    text = compose.UNIT.read_text()
    for line in (
        "Type=notify",
        "WatchdogSec=10",
        "WatchdogSignal=SIGKILL",
        "Restart=always",
        "User=face-gate",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateNetwork=yes",
        "CapabilityBoundingSet=",
        "DevicePolicy=closed",
    ):
        assert f"\n{line}\n" in text


def test_only_boards_with_libcamera_reach_its_buffers() -> None:
    board = schema.load("generic-arm64")
    assert "dma_heap" not in compose.drop_in(board)
    debian = board.debian.model_copy(update={"packages": ("python3-picamera2",)})
    assert "char-dma_heap rw" in compose.drop_in(board.model_copy(update={"debian": debian}))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_scripts_are_whole_and_may_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111 == 0o111
    assert script.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", script], check=True)


def test_programs_that_units_name_are_in_the_image() -> None:
    board = schema.load("generic-arm64")
    tree = compose.site_and_board(board, Site(), Version("0.1.0+1", 1))
    for unit in UNITS:
        for path in re.findall(r"^Exec\w+=[-+!@]*(/\S+)", unit.read_text(), re.MULTILINE):
            ours = "face-gate" in path and not path.startswith("/opt/face-gate/bin/python")
            assert not ours or path in tree, f"{unit.name}: {path}"


def test_units_that_are_to_run_are_there() -> None:
    links = [p for p in (ROOTFS / "etc/systemd/system").rglob("*") if p.is_symlink()]
    assert links
    own = {p.name for p in UNITS} | {compose.UNIT.name, "face-gate-keep-log.timer"}
    own |= {"systemd-timesyncd.service", "getty@.service", "fstrim.timer"}  # all of Debian's
    for link in links:
        target = str(link.readlink())
        assert target == "/dev/null" or Path(target).name in own, link


def test_a_fast_return_waits_longer_each_time(tmp_path: Path) -> None:
    script = ROOTFS / "usr/lib/face-gate/back-off"

    def run() -> tuple[str, str]:
        env = {"RUNTIME_DIRECTORY": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
        done = subprocess.run([script], env=env, capture_output=True, text=True, check=True)
        return done.stdout, (tmp_path / "starts").read_text().split()[1]

    (tmp_path / "sleep").write_text("#!/bin/sh\n")  # the waiting itself is not what is tested
    (tmp_path / "sleep").chmod(0o755)
    assert run() == ("", "0")
    waits = [run()[0] for _ in range(6)]
    assert waits == [f"starts again in {s} s\n" for s in (1, 3, 7, 15, 30, 30)]
    (tmp_path / "starts").write_text("nonsense\n")
    assert run() == ("", "0")


def test_no_board_comes_with_a_password_or_a_key() -> None:
    for name in schema.names():
        tree = compose.site_and_board(schema.load(name), Site(), Version("0.1.0+1", 1))
        assert tree.text("usr/share/face-gate/authorized_keys") == ""
        assert "usr/share/face-gate/update.pub" not in tree
        wanted = [p for p in tree.entries if ".wants/" in p]
        assert not any("ssh" in p or "networkd" in p for p in wanted)
