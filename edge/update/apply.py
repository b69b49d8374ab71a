"""Writing a bundle into the idle slot, in an order that may be cut off anywhere.

The entry of the slot that runs is never touched. The idle slot's own goes first and comes back
last, after everything that it names is on the medium and was read back; in between the loader
knows of one slot alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Downgrade, SlotError, SlotTooSmall, UpdateError, WrongBoard
from edge.update import entries
from edge.update.bundle import CHUNK, Bundle, Seen
from edge.update.manifest import INITRD, KERNEL, ROOT, Manifest, Version
from edge.update.slots import Slot, System, sync_folder

SPARE = 1 << 20
"""Bytes of the boot partition that stay free: folders grow, and the loader renames."""

Step = Callable[[str, int], Seen]
"""Told what begins now and of how many bytes; returns whom to tell of each portion."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the update goes from and to."""

    running: Slot
    idle: Slot
    esp: Path


def check(bundle: Bundle, system: System, step: Step, *, allow_downgrade: bool = False) -> Target:
    """Everything that can refuse an update, with nothing written.

    Raises WrongBoard, Downgrade, SlotTooSmall, SlotError, BadBundle.
    """
    manifest = bundle.manifest
    board, version = system.release()
    if manifest.board != board:
        raise WrongBoard(f"{bundle.path}: is for the board {manifest.board}, and this is a {board}")
    if not Version(manifest.version) > Version(version) and not allow_downgrade:
        raise Downgrade(
            f"{bundle.path}: version {manifest.version} is not newer than {version}, which runs; "
            "an older one may have holes that were closed since. At the device's console "
            "--allow-downgrade takes it all the same"
        )
    running, idle = system.slots()
    esp = system.boot_partition()
    kept = [e for e in entries.read(esp) if e.slot == running.name and e.left is None]
    if not kept:
        raise SlotError(
            f"slot {running.name}, which runs, is on trial itself and the other is the only one "
            "known to work: wait until `face-gate-update status` says kept"
        )
    _require_room(bundle, idle, esp)
    bundle.check(step("checking", bundle.size))
    return Target(running, idle, esp)


def _require_room(bundle: Bundle, idle: Slot, esp: Path) -> None:
    parts = bundle.manifest.parts.named()
    if parts[ROOT].size > idle.size:
        raise SlotTooSmall(
            f"{bundle.path}: its root has {parts[ROOT].size} bytes, slot {idle.name} {idle.size}"
        )
    about = os.statvfs(esp)
    folder = esp / f"slot-{idle.name}"
    replaced = sum(p.stat().st_size for p in folder.glob("*")) if folder.is_dir() else 0
    free = about.f_bavail * about.f_frsize + replaced
    needed = parts[KERNEL].size + parts[INITRD].size + SPARE
    if needed > free:
        raise SlotTooSmall(
            f"{bundle.path}: kernel and initrd need {needed} bytes of {esp}, which has {free}"
        )


def write(bundle: Bundle, target: Target, step: Step) -> Path:
    """Fill the idle slot; returns its entry, with which the next boot tries it once.

    Raises SlotError, BadBundle. After an error, or a power cut, what ran is what boots.
    """
    manifest, idle, esp = bundle.manifest, target.idle, target.esp
    folder = esp / f"slot-{idle.name}"
    try:
        entries.remove(esp, idle.name)
        _write_root(bundle, idle, step)
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name in (KERNEL, INITRD):
            _write_file(bundle, name, folder / name, step)
        sync_folder(folder)
        sync_folder(esp)
        _read_back(manifest, ROOT, idle.device, step)
        for name in (KERNEL, INITRD):
            _read_back(manifest, name, folder / name, step)
        entry = entries.write(esp, idle.name, manifest)
    except OSError as error:
        if isinstance(error, UpdateError):
            raise
        raise SlotError(
            f"slot {idle.name} cannot be written: {error}; it was left unbootable, and slot "
            f"{target.running.name} stays"
        ) from error
    return entry


def _write_root(bundle: Bundle, slot: Slot, step: Step) -> None:
    # O_EXCL on a block device: refused while anything has it mounted.
    handle = os.open(slot.device, os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC)
    with os.fdopen(handle, "wb", buffering=0) as out:
        _copy(bundle, ROOT, out.fileno(), step)


def _write_file(bundle: Bundle, name: str, path: Path, step: Step) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb", buffering=0) as out:
        _copy(bundle, name, out.fileno(), step)


def _copy(bundle: Bundle, name: str, out: int, step: Step) -> None:
    seen = step(f"writing {name}", bundle.manifest.parts.named()[name].size)
    for data in bundle.chunks(name):
        left = memoryview(data)
        while left:
            left = left[os.write(out, left) :]
        seen(len(data))
    os.fsync(out)
    # What is read back must come from the medium and not from memory.
    os.posix_fadvise(out, 0, 0, os.POSIX_FADV_DONTNEED)


def _read_back(manifest: Manifest, name: str, path: Path, step: Step) -> None:
    part, digest = manifest.parts.named()[name], hashlib.sha256()
    seen, left = step(f"reading back {name}", part.size), part.size
    with path.open("rb", buffering=0) as file:
        while left:
            data = file.read(min(CHUNK, left))
            if not data:
                break
            digest.update(data)
            left -= len(data)
            seen(len(data))
    if left or digest.hexdigest() != part.sha256:
        raise SlotError(
            f"{path}: what was written reads back differently: the medium is failing; replace it"
        )


@contextmanager
def alone(system: System) -> Iterator[None]:
    """Held by one update at a time. Raises SlotError if another is at work."""
    path = system.root / "run/face-gate-update.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SlotError(f"{path}: {error.strerror}; updates are for root: use sudo") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise SlotError("another update is being written; wait for it") from error
    finally:
        os.close(handle)
