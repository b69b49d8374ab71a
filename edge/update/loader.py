"""What an update asks of the boot loader: where a slot's files lie, to try it once, to keep it.

Two loaders are known. `edge.update.entries` is systemd-boot, which counts tries itself;
`edge.update.tryboot` the Raspberry Pi's firmware, which tries the other slot when it is told to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from edge.update.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Entry:
    """What the loader can start. left: tries left, None for the slot that is kept.

    generation: its place among all updates, 0 where the loader does not count them.
    """

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
        return "on trial" if self.slot == running else "not tried, or failed its trial"


class Loader(ABC):
    """The loader of the machine that runs."""

    more_parts: tuple[str, ...] = ()
    """Parts that a bundle for it has, beside kernel, initrd and root."""
    last: tuple[str, ...] = ()
    """Of their files those that `offer` writes, since nothing is started without them."""
    reboot: tuple[str, ...] = ()
    """Words for `systemctl reboot` by which it tries what was offered."""

    @abstractmethod
    def read(self) -> list[Entry]:
        """What can be started, the first choice first. Raises SlotError."""

    @abstractmethod
    def folder(self, slot: str) -> Path:
        """Where a slot's kernel and initrd lie; may not exist yet. Raises SlotError."""

    @abstractmethod
    def on_trial(self, running: str) -> bool:
        """Whether the system that runs has still to prove itself. Raises SlotError."""

    @abstractmethod
    def retire(self, slot: str) -> None:
        """From here on nothing starts that slot, whatever happens to it. Raises SlotError."""

    @abstractmethod
    def offer(self, slot: str, manifest: Manifest, more: dict[str, bytes]) -> Path:
        """May be tried once from now on; returns the file that says so, written last.

        more: `last` of the bundle's files, held back until all else is on the medium.
        Raises SlotError.
        """

    @abstractmethod
    def keep(self, running: str) -> None:
        """The system that runs is started from now on. Raises SlotError."""
