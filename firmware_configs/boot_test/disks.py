"""The disks of the emulated board: the card with the image, and one with what the test needs."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from firmware_configs.boot_test import films
from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call

GUEST = Path(__file__).parent / "guest"
LABEL = "boot-test"
SPARE = 256 * 1024 * 1024
"""The card is larger than the image by this: room for the data partition to grow into."""


@dataclass(frozen=True, slots=True)
class Partition:
    """start, size: bytes."""

    name: str
    start: int
    size: int


def partitions(disk: Path) -> dict[str, Partition]:
    """By name. Raises BuildError if the table cannot be read."""
    table = json.loads(call("sfdisk", "--json", disk))["partitiontable"]
    unit = int(table.get("sectorsize", 512))
    return {
        p.get("name", ""): Partition(
            p.get("name", ""), int(p["start"]) * unit, int(p["size"]) * unit
        )
        for p in table["partitions"]
        if "name" in p
    }


def card(image: Path, out: Path, spare: int = SPARE) -> None:
    """A card that the image has been written to, larger than the image."""
    call("cp", "--sparse=always", "--reflink=auto", image, out)
    with out.open("r+b") as file:
        file.truncate(image.stat().st_size + spare)


def cut_out(disk: Path, name: str, out: Path) -> None:
    """A partition as a file of its own, holes kept."""
    part = partitions(disk)[name]
    unit = 1024 * 1024
    if part.start % unit or part.size % 512:
        raise BuildError(f"{disk}: partition {name} begins at {part.start}, not at a whole MiB")
    where = [f"if={disk}", f"of={out}", f"bs={unit}", "iflag=skip_bytes,count_bytes"]
    call("dd", *where, f"skip={part.start}", f"count={part.size}", "conv=sparse", "status=none")


def kernel_release(image: Path) -> str:
    """Of the kernel in the image's first root. Raises BuildError."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root.squashfs"
        cut_out(image, "root-a", root)
        listed = call("unsquashfs", "-l", root, "usr/lib/modules")
    found = {
        p.split("usr/lib/modules/")[1].split("/")[0] for p in listed.split() if "lib/modules/" in p
    }
    if len(found) != 1:
        raise BuildError(f"{image}: one kernel is needed, there is {sorted(found) or 'none'}")
    return found.pop()


def bench_disk(
    out: Path, modules: tuple[Path, ...], clips: Path | None, more: tuple[Path, ...]
) -> None:
    """A read-only disk with modules, films, scripts and further files.

    clips: None leaves out the films of people. Raises BuildError, CameraError.
    """
    with tempfile.TemporaryDirectory(dir=out.parent) as name:
        tree = Path(name)
        tree.chmod(0o755)
        for file in GUEST.iterdir():
            if file.suffix in (".py", ".sh"):
                shutil.copy(file, tree)
        for folder, files in (("modules", modules), ("more", more)):
            (tree / folder).mkdir()
            for file in files:
                shutil.copy(file, tree / folder)
        shown = tree / "films"
        shown.mkdir()
        films.write_empty(shown / f"{films.EMPTY}.yuyv")
        if clips is not None:
            for role, clip in films.SHOWN.items():
                films.write_raw(clips / clip, shown / f"{role}.yuyv")
            shutil.copy(clips / films.ENROLLED_FROM, shown / "enrol.mkv")
        for path in tree.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        out.unlink(missing_ok=True)
        megabytes = size // 2**20 + 32
        options = ["-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-L", LABEL]
        call("mke2fs", *options, "-d", tree, out, f"{megabytes}M")


def overlay(disk: Path, out: Path) -> None:
    """A layer over the card that behaves like a card's volatile cache when the emulator is killed.

    Where it has not been told to flush, the emulator keeps in memory where in this file a written
    block lies. Killed, it takes that with it: of what was written since the last flush, blocks
    written for the first time are gone and others are there, in no order.
    """
    out.unlink(missing_ok=True)
    options = "cluster_size=4k,lazy_refcounts=off"
    call("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk, "-o", options, out)


def merge(layer: Path) -> None:
    """Write what is left of a layer to its card, and remove it."""
    call("qemu-img", "commit", "-q", layer)
    layer.unlink()


def check_data(disk: Path, work: Path) -> str:
    """What e2fsck makes of the data partition once its journal has been replayed, as a mount does.

    Raises BuildError if anything would have to be repaired.
    """
    copy = work / "data.ext4"
    cut_out(disk, "data", copy)
    try:
        call("e2fsck", "-p", "-E", "journal_only", copy)
        said = call("e2fsck", "-f", "-n", copy)
    finally:
        copy.unlink()
    return said.strip().splitlines()[-1]
