"""Whether a disk may be overwritten. All that is known comes from sysfs, nothing is opened.

What a slip of one letter would cost is the owner's own disk: mounted, in use by the system, built
in, or large. The first two are refused in any case, the others unless they are named.
"""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass, field
from pathlib import Path

from firmware_configs.flash.errors import DiskRefused

SECTOR = 512
LARGE = 128 * 10**9
"""Bytes. Cards for this are 4 to 128 GB; what people keep their lives on is larger."""
FORCES = ("fixed", "large")


@dataclass(frozen=True, slots=True)
class Disk:
    """device: its node; size: bytes; what: vendor, model and kind, for people.

    never: reasons that nothing overrides; unless: reasons by the word that overrides them.
    """

    device: Path
    size: int
    what: str
    never: tuple[str, ...] = ()
    unless: dict[str, str] = field(default_factory=dict)

    def require(self, image_size: int, force: frozenset[str]) -> None:
        """Raises DiskRefused, which gives every reason at once."""
        reasons = list(self.never)
        if self.size < image_size:
            reasons.append(f"it has {self.size} bytes, the image {image_size}")
        reasons += [
            f"{text} (`--force {word}` if that is meant)"
            for word, text in self.unless.items()
            if word not in force
        ]
        if reasons:
            raise DiskRefused(f"{self.device} is not written: " + "; ".join(reasons))


def number_of(device: Path) -> str | None:
    """`major:minor` of a block device; None for a plain file, or one that is still to be made.

    Raises DiskRefused for everything else.
    """
    try:
        about = device.stat()
    except FileNotFoundError as error:
        if device.is_relative_to("/dev") and not device.is_relative_to("/dev/shm"):
            raise DiskRefused(f"{device}: there is no such device; is the card in?") from error
        return None
    except OSError as error:
        raise DiskRefused(f"{device}: {error.strerror}") from error
    if stat.S_ISBLK(about.st_mode):
        return f"{os.major(about.st_rdev)}:{os.minor(about.st_rdev)}"
    if not stat.S_ISREG(about.st_mode):
        raise DiskRefused(f"{device}: neither a disk nor a plain file")
    return None


def read(device: Path, number: str, root: Path = Path("/")) -> Disk:
    """What the kernel says of a block device. Raises DiskRefused if it is not a whole disk.

    root: where proc and sys are.
    """
    try:
        folder = (root / "sys/dev/block" / number).resolve(strict=True)
    except OSError as error:
        raise DiskRefused(f"{device}: the kernel knows no disk {number}") from error
    if (folder / "partition").exists():
        raise DiskRefused(
            f"{device}: is a partition, and an image is of a whole disk: /dev/{folder.parent.name}"
        )
    size = int(_text(folder / "size") or 0) * SECTOR
    parts = [folder, *(p.parent for p in folder.glob("*/partition"))]
    never = tuple(_never(folder, parts, size, root))
    return Disk(device, size, _what(folder), never, _unless(folder, size))


def _never(folder: Path, parts: list[Path], size: int, root: Path) -> list[str]:
    found = []
    if size == 0:
        found.append("there is no card in it")
    if _text(folder / "ro") == "1":
        found.append("it is write-protected")
    numbers = {_text(part / "dev") for part in parts}
    for line in _text(root / "proc/self/mountinfo").splitlines():
        words = line.split(" ")
        if len(words) > 4 and words[2] in numbers:
            place = words[4].encode("latin-1", "replace").decode("unicode_escape")
            found.append(f"it is mounted at {place} (`umount {shlex.quote(place)}`)")
    swaps = {line.split(" ")[0] for line in _text(root / "proc/swaps").splitlines()}
    for part in parts:
        if f"/dev/{part.name}" in swaps:
            found.append(f"{part.name} is swap space of this machine")
        holders = sorted(p.name for p in (part / "holders").glob("*"))
        if holders:
            found.append(f"{part.name} is in use by {', '.join(holders)}")
    return found


def _unless(folder: Path, size: int) -> dict[str, str]:
    found = {}
    if not _removable(folder):
        found["fixed"] = "it is not removable"
    if size > LARGE:
        found["large"] = f"it has {size / 1e9:.0f} GB, more than cards of doors have"
    return found


def _removable(folder: Path) -> bool:
    """A card or a stick. The slot of a laptop says "removable: 0" of the SD card in it."""
    if _text(folder / "removable") == "1":
        return True
    return _text(folder / "device/type") == "SD"


def _what(folder: Path) -> str:
    words = [_text(folder / "device" / name) for name in ("vendor", "model", "name")]
    bus = "USB" if any(part.startswith("usb") for part in folder.parts) else ""
    return " ".join(word for word in (bus, *words) if word) or folder.name


def _text(path: Path) -> str:
    """A file of sysfs or procfs; empty if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
