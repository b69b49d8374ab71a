"""From trees and files to partitions, and from these to one disk image."""

from __future__ import annotations

import uuid
from pathlib import Path

from firmware_configs.boards.schema import Board
from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call
from firmware_configs.image.tree import Tree

MIB = 1 << 20
SPACE = uuid.UUID("5f1a4a0e-9d3b-4c55-9f52-0d1b9a7a6f2c")
"""Names in it become the image's UUIDs: the same for the same board, each time."""
TYPES = {
    "esp": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "root-a": "b921b045-1df0-41c3-af44-4c6f280d3fae",
    "root-b": "b921b045-1df0-41c3-af44-4c6f280d3fae",
    "data": "0fc63daf-8483-4772-8e79-3d69d8477de4",
}


def identity(board: Board, what: str) -> str:
    return str(uuid.uuid5(SPACE, f"{board.name}/{what}"))


def squashfs(tree: Tree, out: Path, when: int) -> None:
    """The root file system, read-only by its nature. `when` dates all files and the system."""
    tar = out.with_suffix(".tar")
    try:
        with tar.open("wb") as file:
            tree.to_tar(file, when)
        call(
            "mksquashfs",
            *("-", out, "-tar", "-noappend", "-no-progress", "-quiet", "-no-exports"),
            *("-comp", "zstd", "-Xcompression-level", "6", "-b", "262144"),
            *("-mkfs-time", str(when), "-all-time", str(when), "-root-mode", "0755"),
            *("-root-uid", "0", "-root-gid", "0"),
            stdin=tar,
        )
    finally:
        tar.unlink(missing_ok=True)


def ext4(board: Board, out: Path, when: int) -> None:
    """The data partition, empty, with blocks and journal for the size that it grows to."""
    with out.open("wb") as file:
        file.truncate(board.partitions.data * MIB)
    number = identity(board, "data")
    call(
        "mke2fs",
        *("-q", "-t", "ext4", "-b", "4096", "-i", "16384", "-J", "size=8", "-m", "1"),
        *("-L", "data", "-U", number, "-E", f"hash_seed={number},root_owner=0:0"),
        out,
        environment={"E2FSPROGS_FAKE_TIME": str(when), "SOURCE_DATE_EPOCH": str(when)},
    )


def layout(board: Board, boot: Tree, root: Path, data: Path, out: str) -> str:
    """genimage's configuration."""
    sizes = board.partitions
    files = "".join(
        f'    file "{path}" {{ image = "boot/{path}" }}\n'
        for path, entry in boot.sorted()
        if entry.kind == "file"
    )
    serial = identity(board, "esp").replace("-", "")[:8]
    parts = [
        _partition(board, "esp", "esp.vfat", sizes.esp),
        _partition(board, "root-a", str(root), sizes.root),
        _partition(board, "root-b", None, sizes.root),
        _partition(board, "data", str(data), sizes.data),
    ]
    return (
        # No label: mkfs.vfat would date it now.
        f'image esp.vfat {{\n  vfat {{\n    extraargs = "-i {serial} -F 32"\n'
        f"{files}  }}\n  size = {sizes.esp}M\n}}\n"
        f"image {out} {{\n  hdimage {{\n    partition-table-type = gpt\n    align = 1M\n"
        f'    disk-uuid = "{identity(board, "disk")}"\n  }}\n{"".join(parts)}}}\n'
    )


def _partition(board: Board, name: str, image: str | None, size: int) -> str:
    source = "" if image is None else f'    image = "{image}"\n'
    return (
        f"  partition {name} {{\n{source}"
        f'    partition-type-uuid = "{TYPES[name]}"\n'
        f'    partition-uuid = "{identity(board, name)}"\n    size = {size}M\n  }}\n'
    )


def assemble(
    board: Board, boot: Tree, root: Path, data: Path, out: Path, work: Path, when: int
) -> None:
    """Write the disk image `out`. Raises BuildError if something is larger than its partition."""
    room = board.partitions.root * MIB
    if root.stat().st_size > room:
        raise BuildError(
            f"the root file system has {root.stat().st_size / MIB:.0f} MiB, its partition "
            f"{board.partitions.root} MiB: raise partitions.root of {board.name}.toml"
        )
    used = sum(len(entry.read()) for _, entry in boot.sorted() if entry.kind == "file")
    if 2 * used > board.partitions.esp * MIB * 0.97:
        raise BuildError(
            f"one slot has {used / MIB:.0f} MiB on the boot partition, and two are not to fit into "
            f"{board.partitions.esp} MiB: raise partitions.esp of {board.name}.toml"
        )
    inputs = work / "inputs"
    (inputs / "boot").mkdir(parents=True)
    boot.to_folder(inputs / "boot", when)
    empty, temporary, done = work / "empty", work / "genimage", work / "done"
    for folder in (empty, temporary, done):
        folder.mkdir()
    config = work / "genimage.cfg"
    config.write_text(layout(board, boot, root, data, out.name), encoding="utf-8")
    call(
        "genimage",
        *("--config", config, "--inputpath", inputs, "--outputpath", done),
        *("--tmppath", temporary, "--rootpath", empty),
        environment={"SOURCE_DATE_EPOCH": str(when), "TZ": "UTC"},
    )
    made = done / out.name
    fill(made, root.stat().st_size, board)
    made.replace(out)


def fill(image: Path, root_size: int, board: Board) -> None:
    """Write the zeros of all that matters, which were left as holes.

    A block map leaves holes out, so the card would keep what was there before: old directory
    entries, for instance. Only the rest of root-a and all of root-b, unread, stay holes.
    """
    sizes = board.partitions
    root_a = (1 + sizes.esp) * MIB
    data = root_a + 2 * sizes.root * MIB
    end = image.stat().st_size
    with image.open("r+b") as file:
        for start, stop in ((0, root_a + root_size), (data, end)):
            file.seek(start)
            while start < stop:
                block = file.read(min(MIB, stop - start))
                file.seek(start)
                file.write(block)
                start += len(block)
