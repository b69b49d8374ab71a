"""Which boot loader this machine has."""

from __future__ import annotations

from edge.errors import SlotError
from edge.update.entries import SystemdBoot
from edge.update.loader import Loader
from edge.update.slots import System
from edge.update.tryboot import AUTOBOOT, Tryboot


def loader_of(system: System) -> Loader:
    """By what lies on its boot partition. Raises SlotError."""
    esp = system.boot_partition()
    counted, tried = (esp / "loader/entries").is_dir(), (esp / AUTOBOOT).is_file()
    if counted == tried:
        which = "both systemd-boot's and" if counted else "neither systemd-boot's nor"
        raise SlotError(
            f"{esp} holds {which} a Raspberry Pi's choice of slots (loader/entries, {AUTOBOOT}): "
            "this boot partition is not as an image of ours has it"
        )
    return SystemdBoot(system) if counted else Tryboot(system)
