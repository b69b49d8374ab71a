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
BOOT_COUNTED = "sys/firmware/efi/efivars/LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
"""There while the boot is one that the loader counts: a trial. systemd's loader interface."""


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
        self.esp = root / "efi"
        self.key = root / "usr/share/face-gate/update.pub"
        self.state = root / "data/update"

    def slots(self) -> tuple[Slot, Slot]:
        """The slot that runs, and the idle one. Raises SlotError."""
        partition = self._partition_of("/")
        name = _uevent(partition).get("PARTNAME", "")
        if name not in ("root-a", "root-b"):
            raise SlotError(
                f"the system runs from {partition.name} (named {name!r} in the partition table), "
                "which is no slot: this is not a face-gate image"
            )
        other = "root-b" if name == "root-a" else "root-a"
        beside = [p for p in self._siblings(partition) if _uevent(p).get("PARTNAME") == other]
        if len(beside) != 1:
            raise SlotError(f"{partition.parent.name} has {len(beside)} partitions named {other}")
        running, idle = self._slot(partition), self._slot(beside[0])
        return running, idle

    def boot_partition(self) -> Path:
        """The mounted ESP, if it is that of the disk that runs. Raises SlotError."""
        if not (self.esp / "loader/entries").is_dir():  # this mounts it, where it is an automount
            raise SlotError(f"{self.esp}: there is no loader/entries: the ESP is not mounted")
        if self._partition_of("/efi").parent != self._partition_of("/").parent:
            raise SlotError(
                f"{self.esp} is another disk's than the system's; remove the other medium"
            )
        return self.esp

    @property
    def on_trial(self) -> bool:
        """Whether the loader counts this boot."""
        return (self.root / BOOT_COUNTED).exists()

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
