"""The short part of `make image-test`: the image that was built last, from its disk to READY."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_configs.boot_test import disks, kernel_modules
from firmware_configs.boot_test.__main__ import KEPT, MEMORY_DISK, PASSWORD
from firmware_configs.boot_test.bench import Bench, failed_units, first_log_in
from firmware_configs.boot_test.machine import Board, Machine, fresh_variables, require_emulator
from firmware_configs.errors import ToolMissing
from firmware_configs.image.tools import path_of

IMAGE = KEPT / "door.img"
TOOLS = ("sfdisk", "unsquashfs", "mke2fs", "dd")


def why_not() -> str | None:
    try:
        require_emulator()
        for tool in TOOLS:
            path_of(tool)
    except ToolMissing as lacking:
        return str(lacking)
    modules = list((KEPT / "modules").rglob("*.ko"))
    if not IMAGE.is_file() or len(modules) != len(kernel_modules.MODULES):
        return "no image is built: `make image-test` builds one, and tests it whole"
    return None


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """In memory where that is possible: the machine waits for what it flushes."""
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.mark.slow
def test_the_image_boots_from_its_disk_and_the_door_is_watched(work: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    modules = kernel_modules.build(disks.kernel_release(IMAGE), KEPT / "modules")
    disks.bench_disk(work / "bench.ext4", modules, None, ())
    disks.card(IMAGE, work / "card.img")
    fresh_variables(work / "variables.fd")
    board = Board(
        work / "card.img",
        work / "variables.fd",
        work / "log",
        read_only=(work / "bench.ext4",),
        cpus=2,
        own_clock=False,
    )
    with Machine(board) as machine:
        first_log_in(machine, PASSWORD)
        bench = Bench(machine)
        bench.wait_ready(200)
        assert bench.property("StatusText").startswith("watching")
        assert failed_units(bench) == []
        assert bench.lock_level() == 0
        before = len(bench.changes())
        bench.press_exit()
        bench.wait_level(1, 10, "the exit button releases the lock")
        bench.wait_level(0, 10, "for one pulse")
        assert len(bench.changes()) == before + 2
        machine.power_off()
    assert "data" in disks.check_data(board.disk, work)
