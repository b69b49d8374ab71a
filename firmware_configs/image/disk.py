"""From trees and files to partitions, and from these to one disk image."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

from firmware_configs.boards.schema import Board
from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call
from firmware_configs.image.tree import Tree

MIB = 1 << 20
SPACE = uuid.UUID("5f1a4a0e-9d3b-4c55-9f52-0d1b9a7a6f2c")
"""Names in it become the image's UUIDs: the same for the same board, each time."""
FAT = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
TYPES = {
    "esp": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "boot-a": FAT,
    "boot-b": FAT,
    "root-a": "b921b045-1df0-41c3-af44-4c6f280d3fae",
    "root-b": "b921b045-1df0-41c3-af44-4c6f280d3fae",
    "data": "0fc63daf-8483-4772-8e79-3d69d8477de4",
}


NUMBERS = {"boot-a": 2, "boot-b": 3}
"""Of the partitions, where there are these two: autoboot.txt has them by number."""


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


def places(board: Board) -> list[tuple[str, int]]:
    """The partitions and their MiB, in order, the first one at 1 MiB."""
    sizes = board.partitions
    # A Raspberry Pi's firmware wants those with FAT together, at the beginning.
    boots = [] if sizes.boot is None else [("boot-a", sizes.boot), ("boot-b", sizes.boot)]
    roots = [("root-a", sizes.root), ("root-b", sizes.root)]
    return [("esp", sizes.esp), *boots, *roots, ("data", sizes.data)]


def layout(board: Board, boots: Mapping[str, Tree], root: Path, data: Path, out: str) -> str:
    """genimage's configuration. boots: the trees of the FAT partitions, by name."""
    images = {name: f"{name}.vfat" for name in boots}
    images |= {"root-a": str(root), "data": str(data)}
    made = "".join(_fat(board, name, tree) for name, tree in boots.items())
    parts = "".join(_partition(board, n, images.get(n), size) for n, size in places(board))
    return (
        f"{made}image {out} {{\n  hdimage {{\n    partition-table-type = gpt\n    align = 1M\n"
        f'    disk-uuid = "{identity(board, "disk")}"\n  }}\n{parts}}}\n'
    )


def _fat(board: Board, name: str, tree: Tree) -> str:
    files = "".join(
        f'    file "{path}" {{ image = "{name}/{path}" }}\n'
        for path, entry in tree.sorted()
        if entry.kind == "file"
    )
    serial = identity(board, name).replace("-", "")[:8]
    size = dict(places(board))[name]
    kind = 32 if size >= 40 else 16  # FAT32 begins at 65525 clusters
    # No label: mkfs.vfat would date it now.
    return (
        f'image {name}.vfat {{\n  vfat {{\n    extraargs = "-i {serial} -F {kind}"\n'
        f"{files}  }}\n  size = {size}M\n}}\n"
    )


def _partition(board: Board, name: str, image: str | None, size: int) -> str:
    source = "" if image is None else f'    image = "{image}"\n'
    return (
        f"  partition {name} {{\n{source}"
        f'    partition-type-uuid = "{TYPES[name]}"\n'
        f'    partition-uuid = "{identity(board, name)}"\n    size = {size}M\n  }}\n'
    )


def assemble(
    board: Board,
    boots: Mapping[str, Tree],
    root: Path,
    data: Path,
    out: Path,
    work: Path,
    when: int,
) -> None:
    """Write the disk image `out`. Raises BuildError if something is larger than its partition."""
    room = board.partitions.root * MIB
    if root.stat().st_size > room:
        raise BuildError(
            f"the root file system has {root.stat().st_size / MIB:.0f} MiB, its partition "
            f"{board.partitions.root} MiB: raise partitions.root of {board.name}.toml"
        )
    _require_room(board, boots)
    inputs = work / "inputs"
    for name, tree in boots.items():
        (inputs / name).mkdir(parents=True)
        tree.to_folder(inputs / name, when)
    empty, temporary, done = work / "empty", work / "genimage", work / "done"
    for folder in (empty, temporary, done):
        folder.mkdir()
    config = work / "genimage.cfg"
    config.write_text(layout(board, boots, root, data, out.name), encoding="utf-8")
    call(
        "genimage",
        *("--config", config, "--inputpath", inputs, "--outputpath", done),
        *("--tmppath", temporary, "--rootpath", empty),
        environment={"SOURCE_DATE_EPOCH": str(when), "TZ": "UTC"},
    )
    made = done / out.name
    fill(made, root.stat().st_size, board)
    made.replace(out)


def _require_room(board: Board, boots: Mapping[str, Tree]) -> None:
    sizes = dict(places(board))
    for name, tree in boots.items():
        used = sum(len(entry.read()) for _, entry in tree.sorted() if entry.kind == "file")
        # The first partition has both slots' kernels, but where each has a partition of its own.
        slots = 2 if name == "esp" else 1
        if slots * used > sizes[name] * MIB * 0.97:
            raise BuildError(
                f"one slot has {used / MIB:.0f} MiB on the boot partition, and {slots} must fit "
                f"into {sizes[name]} MiB: raise partitions.{name.partition('-')[0]} of "
                f"{board.name}.toml"
            )


def fill(image: Path, root_size: int, board: Board) -> None:
    """Write the zeros of all that matters, which were left as holes.

    A block map leaves holes out, so the card would keep what was there before: old directory
    entries, for instance. Only the rest of root-a and all of root-b, unread, stay holes.
    """
    start, kept = MIB, [(0, MIB)]
    for name, size in places(board):
        length = {"root-a": root_size, "root-b": 0}.get(name, size * MIB)
        kept.append((start, start + length))
        start += size * MIB
    kept.append((start, image.stat().st_size))  # the table's second copy
    with image.open("r+b") as file:
        for begin, stop in kept:
            file.seek(begin)
            while begin < stop:
                block = file.read(min(MIB, stop - begin))
                file.seek(begin)
                file.write(block)
                begin += len(block)
