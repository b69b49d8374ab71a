"""systemd-boot's entries: a small file per slot, whose *name* counts how often it may be tried.

Its automatic boot assessment: `face-gate-b+1.conf` may be tried once more; the loader
renames it `face-gate-b+0-1.conf` before it starts it; systemd-bless-boot renames that
`face-gate-b.conf` once boot-complete.target is reached. An entry with no try left is chosen only
if there is no other. Among the rest the one with the highest `version` comes first, which is a
count of updates here and not the program's version.
"""

from __future__ import annotations

import re
from pathlib import Path

from edge.errors import SlotError
from edge.update.loader import Entry, Loader
from edge.update.manifest import INITRD, KERNEL, Manifest
from edge.update.slots import System, put_file, sync_folder

NAME = re.compile(
    r"face-gate-([ab])(?:\+(\d{1,3})(?:-(\d{1,3}))?)?\.conf", re.ASCII | re.IGNORECASE
)
TRIES = 1


class SystemdBoot(Loader):
    """Entries, kernels and initrds of both slots lie on one partition."""

    def __init__(self, system: System) -> None:
        """Raises SlotError if the boot partition is not mounted, or another disk's."""
        self.esp = system.boot_partition()

    def folder(self, slot: str) -> Path:
        return self.esp / f"slot-{slot}"

    def on_trial(self, running: str) -> bool:
        """Whether its entry still bears a count. It loses it when the slot is kept."""
        return not any(entry.slot == running and entry.left is None for entry in self.read())

    def read(self) -> list[Entry]:
        """All of our entries, the newest first. Raises SlotError."""
        found = []
        folder = self.esp / "loader/entries"
        try:
            for path in folder.iterdir():
                name = NAME.fullmatch(path.name)
                said = {} if name is None else _fields(path)
                # Without `linux` the loader passes over it: the power went while it was written.
                if name is not None and "linux" in said:
                    version = said.get("version", "")
                    generation = int(version) if version.isdecimal() else 0
                    left = None if name[2] is None else int(name[2])
                    title = said.get("title", "")
                    found.append(Entry(path, name[1].lower(), left, generation, title))
        except OSError as error:
            raise SlotError(f"{folder}: {error.strerror}") from error
        return sorted(found, key=lambda entry: entry.generation, reverse=True)

    def retire(self, slot: str) -> None:
        """Take a slot's entries away, so that nothing boots it."""
        folder = self.esp / "loader/entries"
        for path in list(folder.iterdir()):
            name = NAME.fullmatch(path.name)
            if name is not None and name[1].lower() == slot:
                path.unlink(missing_ok=True)
        sync_folder(folder)

    def offer(self, slot: str, manifest: Manifest, more: dict[str, bytes]) -> Path:
        """Add the entry by which the next boot tries the slot once."""
        generation = max((entry.generation for entry in self.read()), default=0) + 1
        text = (
            f"title face-gate {manifest.version}\n"
            "sort-key face-gate\n"
            f"version {generation}\n"
            f"linux /slot-{slot}/{KERNEL}\n"
            f"initrd /slot-{slot}/{INITRD}\n"
            f"options {manifest.options_for(slot)}\n"
        )
        # The loader reads *.conf alone, and passes over an empty one.
        path = self.esp / "loader/entries" / f"face-gate-{slot}+{TRIES}.conf"
        put_file(path, text.encode("ascii"))
        return path

    def keep(self, running: str) -> None:
        raise SlotError("systemd-bless-boot keeps a slot, once boot-complete.target is reached")


def _fields(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    words = [line.split(None, 1) for line in lines if line.strip() and not line.startswith("#")]
    return {pair[0]: pair[1].strip() for pair in words if len(pair) == 2}
