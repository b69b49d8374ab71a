"""What of a built disk image an update needs, read out of the image itself.

So a bundle holds the bytes that were built, and were perhaps booted and tested, and no others.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.update.manifest import INITRD, KERNEL, SLOT_WORD, Version
from edge.update.tryboot import COMMAND_LINE
from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call

SECTOR = 512
CHUNK = 1 << 20
SQUASHFS = struct.Struct("<4s36xQ")  # magic, ..., bytes used: the kernel's squashfs_fs.h
PADDED = 4096
IN_IMAGE = "a"
"""A new image has one slot filled."""


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes of the image's file."""

    start: int
    size: int


class Image:
    """An image as `python -m firmware_configs.image` makes it. Raises BuildError for another."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BuildError(f"{path}: there is no image; `make image BOARD=…` builds one")
        self.path = path
        self._partitions = self._read_partitions()
        self.root = self._root()
        release = self._release()
        self.board = release.get("IMAGE_ID", "").removeprefix("face-gate-")
        self.version = release.get("IMAGE_VERSION", "")
        if not self.board or not self.version:
            raise BuildError(f"{path}: its os-release names no board and version")
        Version(self.version)

    def _read_partitions(self) -> dict[str, Place]:
        table = json.loads(call("sfdisk", "--json", self.path))["partitiontable"]
        if table["label"] != "gpt" or table.get("sectorsize", SECTOR) != SECTOR:
            raise BuildError(f"{self.path}: has no GPT of 512-byte sectors; not an image of ours")
        found = {
            part.get("name", ""): Place(part["start"] * SECTOR, part["size"] * SECTOR)
            for part in table["partitions"]
        }
        boots = {"boot-a", "boot-b"} if "boot-a" in found else set()
        if missing := {"esp", "root-a", "root-b", "data", *boots} - set(found):
            raise BuildError(f"{self.path}: has no partition {', '.join(sorted(missing))}")
        return found

    def _root(self) -> Place:
        """The squashfs in its partition, without the room behind it."""
        place = self._partitions[f"root-{IN_IMAGE}"]
        with self.path.open("rb") as file:
            file.seek(place.start)
            magic, used = SQUASHFS.unpack(file.read(SQUASHFS.size))
        size = -(-used // PADDED) * PADDED
        if magic != b"hsqs" or size > place.size:
            raise BuildError(f"{self.path}: root-{IN_IMAGE} holds no squashfs")
        return Place(place.start, size)

    def _release(self) -> dict[str, str]:
        text = self.file_of_root("etc/os-release")
        pairs = (line.split("=", 1) for line in (text or "").splitlines() if "=" in line)
        return {key: value.strip("\"'") for key, value in pairs}

    def file_of_root(self, path: str) -> str | None:
        """A text file of the root file system; None if there is none."""
        try:
            return call("unsquashfs", "-o", str(self.root.start), "-cat", self.path, path)
        except BuildError:
            return None

    @property
    def tryboot(self) -> bool:
        """Whether each slot has a boot partition of its own, for a Raspberry Pi's firmware."""
        return "boot-a" in self._partitions

    def _boot_at(self) -> str:
        """The partition with the slot's kernel, as mtools name it."""
        name = f"boot-{IN_IMAGE}" if self.tryboot else "esp"
        return f"{self.path}@@{self._partitions[name].start}"

    def boot_file(self, name: str, to: Path) -> Path:
        """Copy a file of the boot partition to `to`. Raises BuildError."""
        call("mcopy", "-n", "-i", self._boot_at(), f"::/{name}", to)
        return to

    def more_files(self, work: Path) -> dict[str, Path]:
        """What else a slot's own boot partition has, by path; its kernel line is `options`."""
        if not self.tryboot:
            return {}
        folder = work / "boot"
        folder.mkdir()
        call("mcopy", "-s", "-n", "-i", self._boot_at(), "::/*", folder)
        own = {KERNEL, INITRD, COMMAND_LINE}
        files = {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}
        return {name: path for name, path in files.items() if name not in own}

    def kernel(self, to: Path) -> Path:
        path = self.boot_file(KERNEL if self.tryboot else f"slot-{IN_IMAGE}/{KERNEL}", to)
        with path.open("rb") as file:
            if not self.tryboot and file.read(2) != b"MZ":
                raise BuildError(f"{self.path}: its kernel is none that UEFI firmware starts")
        return path

    def initrd(self, to: Path) -> Path:
        return self.boot_file(INITRD if self.tryboot else f"slot-{IN_IMAGE}/{INITRD}", to)

    def options(self, work: Path) -> str:
        """The kernel's line, with {slot} where the slot's letter stands."""
        line = self._command_line(work) if self.tryboot else self._entry_line(work)
        return line.strip().replace(SLOT_WORD.format(slot=IN_IMAGE), SLOT_WORD)

    def _command_line(self, work: Path) -> str:
        return self.boot_file(COMMAND_LINE, work / "line").read_text(encoding="ascii")

    def _entry_line(self, work: Path) -> str:
        name = f"loader/entries/face-gate-{IN_IMAGE}.conf"
        try:
            entry = self.boot_file(name, work / "entry")
        except BuildError as error:
            raise BuildError(f"{self.path}: has no entry of systemd-boot ({name})") from error
        lines = entry.read_text(encoding="ascii").splitlines()
        found = [line.split(None, 1)[1] for line in lines if line.startswith("options ")]
        if len(found) != 1:
            raise BuildError(f"{self.path}: its loader entry has {len(found)} lines of options")
        return found[0]

    def root_chunks(self) -> Iterator[bytes]:
        """The root file system's bytes."""
        with self.path.open("rb") as file:
            file.seek(self.root.start)
            left = self.root.size
            while left:
                data = file.read(min(CHUNK, left))
                if not data:
                    raise BuildError(f"{self.path}: ends in the middle of its root")
                yield data
                left -= len(data)
