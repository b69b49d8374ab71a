"""The boot loader's entries: a small file per slot, whose *name* counts how often it may be tried.

systemd-boot's automatic boot assessment: `face-gate-b+1.conf` may be tried once more; the loader
renames it `face-gate-b+0-1.conf` before it starts it; systemd-bless-boot renames that
`face-gate-b.conf` once boot-complete.target is reached. An entry with no try left is chosen only
if there is no other. Among the rest the one with the highest `version` comes first, which is a
count of updates here and not the program's version.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from edge.errors import SlotError
from edge.update.manifest import INITRD, KERNEL, Manifest
from edge.update.slots import sync_folder

NAME = re.compile(
    r"face-gate-([ab])(?:\+(\d{1,3})(?:-(\d{1,3}))?)?\.conf", re.ASCII | re.IGNORECASE
)
TRIES = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """left: tries left, None for one that is kept; generation: its place among all updates."""

    path: Path
    slot: str
    left: int | None
    generation: int
    title: str

    def state(self, running: str) -> str:
        """For people: kept, next boot tries it, on trial, failed its trial."""
        if self.left is None:
            return "kept"
        if self.left > 0:
            return "next boot tries it"
        return "on trial" if self.slot == running else "failed its trial"


def read(esp: Path) -> list[Entry]:
    """All of our entries, the newest first. Raises SlotError."""
    found = []
    folder = esp / "loader/entries"
    try:
        for path in folder.iterdir():
            name = NAME.fullmatch(path.name)
            if name is not None:
                said = _fields(path)
                version = said.get("version", "")
                generation = int(version) if version.isdecimal() else 0
                left = None if name[2] is None else int(name[2])
                found.append(Entry(path, name[1].lower(), left, generation, said.get("title", "")))
    except OSError as error:
        raise SlotError(f"{folder}: {error.strerror}") from error
    return sorted(found, key=lambda entry: entry.generation, reverse=True)


def remove(esp: Path, slot: str) -> None:
    """Take a slot's entries away, so that nothing boots it. Raises SlotError."""
    for entry in read(esp):
        if entry.slot == slot:
            entry.path.unlink(missing_ok=True)
    sync_folder(esp / "loader/entries")


def write(esp: Path, slot: str, manifest: Manifest) -> Path:
    """Add the entry by which the next boot tries the slot once. Raises SlotError."""
    generation = max((entry.generation for entry in read(esp)), default=0) + 1
    text = (
        f"title face-gate {manifest.version}\n"
        "sort-key face-gate\n"
        f"version {generation}\n"
        f"linux /slot-{slot}/{KERNEL}\n"
        f"initrd /slot-{slot}/{INITRD}\n"
        f"options {manifest.options_for(slot)}\n"
    )
    folder = esp / "loader/entries"
    # The loader reads *.conf alone: half a file under this name is nothing to it.
    draft, path = folder / f"face-gate-{slot}.new", folder / f"face-gate-{slot}+{TRIES}.conf"
    with draft.open("wb") as file:
        file.write(text.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync_folder(folder)
    return path


def _fields(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    words = [line.split(None, 1) for line in lines if line.strip() and not line.startswith("#")]
    return {pair[0]: pair[1].strip() for pair in words if len(pair) == 2}
