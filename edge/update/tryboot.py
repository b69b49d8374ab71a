"""The Raspberry Pi's own firmware: two boot partitions, and a file of one sector that chooses.

`autoboot.txt` on the first partition names the boot partition that is started, and under
`[tryboot]` the other one, which is started instead after `reboot "0 tryboot"`, once: the firmware
forgets that word before it starts anything. So a slot on trial that crashes, hangs or is cut off
is followed by the one that was kept. Keeping means to exchange the two numbers, which leaves the
file's length and place as they are: one sector is written, wholly or not at all.

Raspberry Pi's documentation: config_txt/autoboot.adoc (`tryboot_a_b`, `boot_partition`), and
`bootloader` under /chosen in configuration/device-tree.adoc.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from edge.errors import SlotError
from edge.update.loader import Entry, Loader
from edge.update.manifest import BOOT, Manifest
from edge.update.slots import System, put_file, sync_folder

AUTOBOOT = "autoboot.txt"
FORM = "[all]\ntryboot_a_b=1\nboot_partition={kept}\n[tryboot]\nboot_partition={other}\n"
LINES = re.compile(re.escape(FORM).replace(r"\{kept\}", "([1-9])").replace(r"\{other\}", "([1-9])"))
SECTOR = 512
CONFIG, COMMAND_LINE = "config.txt", "cmdline.txt"
TITLE = "# face-gate "
"""How config.txt begins; the version follows."""


def autoboot(kept: int, other: int) -> bytes:
    """The file that starts the boot partition of number `kept`, and tries that of `other`."""
    return FORM.format(kept=kept, other=other).encode("ascii")


class Tryboot(Loader):
    """Kernel and all that the firmware reads lie on the slot's own boot partition."""

    more_parts = (BOOT,)
    last = (CONFIG,)
    reboot = ("--reboot-argument=0 tryboot",)

    def __init__(self, system: System) -> None:
        """Raises SlotError if a boot partition is not mounted, or another disk's."""
        self._autoboot = system.boot_partition() / AUTOBOOT
        self._folders = {slot: system.mounted_boot(slot) for slot in "ab"}
        self._numbers = {slot: system.number(f"boot-{slot}") for slot in "ab"}

    def folder(self, slot: str) -> Path:
        return self._folders[slot]

    def on_trial(self, running: str) -> bool:
        """Whether another slot is the one that is started without being told to."""
        return self._kept() != running

    def read(self) -> list[Entry]:
        kept, found = self._kept(), []
        for slot, folder in self._folders.items():
            path = folder / CONFIG
            try:
                first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
            except FileNotFoundError:
                continue
            except OSError as error:
                raise SlotError(f"{path}: {error.strerror}") from error
            title = "face-gate " + first.removeprefix(TITLE) if first.startswith(TITLE) else ""
            found.append(Entry(path, slot, None if slot == kept else 0, 0, title))
        return sorted(found, key=lambda entry: entry.slot != kept)

    def retire(self, slot: str) -> None:
        """The firmware does not start a partition without config.txt; and this slot's is idle."""
        if slot == self._kept():
            raise SlotError(f"slot {slot} is the one that is kept")
        (self._folders[slot] / CONFIG).unlink(missing_ok=True)
        sync_folder(self._folders[slot])

    def offer(self, slot: str, manifest: Manifest, more: dict[str, bytes]) -> Path:
        """Write the slot's kernel line, and last config.txt. The trial itself is `reboot`'s."""
        title = f"{TITLE}{manifest.version}\n".encode("ascii")
        line = manifest.options_for(slot).encode("ascii") + b"\n"
        files = {**more, COMMAND_LINE: line, CONFIG: title + more[CONFIG]}
        for name in sorted(files, key=lambda name: name == CONFIG):
            put_file(self._folders[slot] / name, files[name])
        return self._folders[slot] / CONFIG

    def keep(self, running: str) -> None:
        """Harmless where it is kept already."""
        kept, other = self._numbers[running], self._numbers["b" if running == "a" else "a"]
        data = autoboot(kept, other)
        if self._read_autoboot() == (kept, other):
            return
        try:
            # In place: a new file and a rename are several sectors on FAT.
            handle = os.open(self._autoboot, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                written = os.pwrite(handle, data, 0)
                os.fsync(handle)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                whole = written == len(data) and os.pread(handle, SECTOR, 0) == data
            finally:
                os.close(handle)
        except OSError as error:
            raise SlotError(f"{self._autoboot}: {error.strerror}") from error
        if not whole:
            raise SlotError(f"{self._autoboot}: what was written reads back differently")

    def _kept(self) -> str:
        kept, other = self._read_autoboot()
        slots = {number: slot for slot, number in self._numbers.items()}
        if {kept, other} != set(slots):
            raise SlotError(
                f"{self._autoboot}: names the partitions {kept} and {other}; the boot partitions "
                f"of this disk are {sorted(slots)}"
            )
        return slots[kept]

    def _read_autoboot(self) -> tuple[int, int]:
        try:
            text = self._autoboot.read_bytes().decode("ascii", errors="replace")
        except OSError as error:
            raise SlotError(f"{self._autoboot}: {error.strerror}") from error
        found = LINES.fullmatch(text)
        if found is None or len(text) > SECTOR:
            raise SlotError(f"{self._autoboot}: is not as this system wrote it; flash it anew")
        return int(found[1]), int(found[2])
