"""Where the two slots are: the partition that runs, and its neighbour that does not.

Both are found from the disk that the machine has booted from, by names in its partition table, and
never by udev's links: a second medium with the same names cannot be written by mistake, or put
itself in the place of a slot.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from edge.errors import SlotError

SECTOR = 512  # sysfs counts in these, whatever the medium's own are


@dataclass(frozen=True, slots=True)
class Slot:
    """name: "a" or "b"; device: the partition of its root; size: its bytes."""

    name: str
    device: Path
    size: int


class System:
    """The machine's own description of itself, under `root` (another folder than / for tests)."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self.key = root / "usr/share/face-gate/update.pub"
        self.state = root / "data/update"

    def slots(self) -> tuple[Slot, Slot]:
        """The slot that runs, and the idle one. Raises SlotError."""
        partition = self._partition_of("/")
        name = _name(partition)
        if name not in ("root-a", "root-b"):
            raise SlotError(
                f"the system runs from {partition.name} (named {name!r} in the partition table), "
                "which is no slot: this is not a face-gate image"
            )
        other = "root-b" if name == "root-a" else "root-a"
        beside = [p for p in self._siblings(partition) if _name(p) == other]
        if len(beside) != 1:
            raise SlotError(f"{partition.parent.name} has {len(beside)} partitions named {other}")
        running, idle = self._slot(partition), self._slot(beside[0])
        return running, idle

    def boot_partition(self) -> Path:
        """Where the loader looks first, mounted: of the disk that runs. Raises SlotError."""
        return self._mounted("/efi", "esp")

    def mounted_boot(self, slot: str) -> Path:
        """A slot's own boot partition, where the loader needs one. Raises SlotError."""
        return self._mounted(f"/boot/{slot}", f"boot-{slot}")

    def number(self, name: str) -> int:
        """A partition's number on the disk that runs. Raises SlotError."""
        found = [p for p in self._siblings(self._partition_of("/")) if _name(p) == name]
        if len(found) != 1:
            raise SlotError(f"the disk that runs has {len(found)} partitions named {name}")
        return int((found[0] / "partition").read_text())

    def _mounted(self, point: str, name: str) -> Path:
        folder = self.root / point.lstrip("/")
        try:
            next(folder.iterdir(), None)  # this mounts it, where it is an automount
        except OSError as error:
            raise SlotError(f"{folder} is not mounted: {error.strerror}") from error
        partition = self._partition_of(point)
        if partition.parent != self._partition_of("/").parent:
            raise SlotError(
                f"{folder} is another disk's than the system's; remove the other medium"
            )
        if _name(partition) != name:
            raise SlotError(f"{folder} is the partition {_name(partition)!r}, and not {name!r}")
        return folder

    def release(self) -> tuple[str, str]:
        """Board and version of what runs. Raises SlotError."""
        path = self.root / "etc/os-release"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise SlotError(f"{path}: {error.strerror}") from error
        said = dict(line.split("=", 1) for line in lines if "=" in line)
        image, version = (said.get(k, "").strip("\"'") for k in ("IMAGE_ID", "IMAGE_VERSION"))
        if not image.startswith("face-gate-") or not version:
            raise SlotError(f"{path}: names no face-gate image (IMAGE_ID, IMAGE_VERSION)")
        return image.removeprefix("face-gate-"), version

    def _partition_of(self, mount_point: str) -> Path:
        """The partition in sysfs that is mounted there."""
        path = self.root / "proc/self/mountinfo"
        number = ""
        try:
            for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
                words = line.split(" ")
                if words[4] == mount_point and not words[2].startswith("0:"):
                    number = words[2]  # the last one: it lies over those before
            folder = (self.root / "sys/dev/block" / number).resolve(strict=True)
        except (OSError, IndexError) as error:
            raise SlotError(f"what is mounted at {mount_point} cannot be told: {error}") from error
        if not number or not (folder / "partition").is_file():
            raise SlotError(f"what is mounted at {mount_point} is not a partition of a disk")
        return folder

    @staticmethod
    def _siblings(partition: Path) -> list[Path]:
        return sorted(p.parent for p in partition.parent.glob("*/partition"))

    def _slot(self, partition: Path) -> Slot:
        about = _uevent(partition)
        try:
            size = int((partition / "size").read_text()) * SECTOR
        except (OSError, ValueError) as error:
            raise SlotError(f"{partition}: its size cannot be read: {error}") from error
        device = self.root / "dev" / about["DEVNAME"]
        return Slot(about["PARTNAME"].removeprefix("root-"), device, size)


def _name(partition: Path) -> str:
    """In the partition table; "" for none."""
    return _uevent(partition).get("PARTNAME", "")


def _uevent(partition: Path) -> dict[str, str]:
    """The kernel's `KEY=value` lines about a partition."""
    try:
        lines = (partition / "uevent").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SlotError(f"{partition}: {error.strerror}") from error
    return dict(line.split("=", 1) for line in lines if "=" in line)


def sync_folder(folder: Path) -> None:
    """A new or removed name in `folder` survives a power cut from here on."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_file(path: Path, data: bytes) -> None:
    """Write a small file on FAT, whole or not at all, and on the medium when this returns.

    Until then there may be a file of that name with nothing in it: on FAT a renamed file is first
    a new name of length zero, and is told where its content lies when the *file* is flushed again.
    (Seen: a loader's entry, empty after a power cut, whose folder alone had been flushed.)
    """
    draft = path.with_name(f"{path.name.partition('.')[0].partition('+')[0]}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb", buffering=0) as file:
        left = memoryview(data)
        while left:
            left = left[os.write(file.fileno(), left) :]
        os.fsync(file.fileno())
        draft.rename(path)
        os.fsync(file.fileno())
    sync_folder(path.parent)
