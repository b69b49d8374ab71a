"""Writing a bundle into the idle slot, in an order that may be cut off anywhere.

What starts the slot that runs is never touched. The idle slot's own entry goes first and comes back
last, after everything that it names is on the medium and was read back; in between the loader
knows of one slot alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import BadBundle, Downgrade, SlotError, SlotTooSmall, UpdateError, WrongBoard
from edge.update import more
from edge.update.bundle import CHUNK, Bundle, Seen
from edge.update.choose import loader_of
from edge.update.loader import Loader
from edge.update.manifest import INITRD, KERNEL, PARTS, ROOT, Manifest, Version
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
    loader: Loader


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
    loader = loader_of(system)
    if loader.on_trial(running.name):
        raise SlotError(
            f"slot {running.name}, which runs, is on trial itself and the other is the only one "
            "known to work: wait until `face-gate-update status` says kept"
        )
    if set(manifest.parts.named()) != {*PARTS, *loader.more_parts}:
        raise WrongBoard(f"{bundle.path}: has not the parts that this machine's boot loader needs")
    _require_room(bundle, idle, loader.folder(idle.name))
    bundle.check(step("checking", bundle.size))
    if missing := set(loader.last) - set(more.files(bundle)):
        raise BadBundle(f"{bundle.path}: lacks {', '.join(sorted(missing))} for the boot partition")
    return Target(running, idle, loader)


def _require_room(bundle: Bundle, idle: Slot, folder: Path) -> None:
    parts = bundle.manifest.parts.named()
    if parts[ROOT].size > idle.size:
        raise SlotTooSmall(
            f"{bundle.path}: its root has {parts[ROOT].size} bytes, slot {idle.name} {idle.size}"
        )
    place = folder if folder.is_dir() else folder.parent
    about = os.statvfs(place)
    replaced = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    free = about.f_bavail * about.f_frsize + replaced
    needed = sum(part.size for name, part in parts.items() if name != ROOT) + SPARE
    if needed > free:
        raise SlotTooSmall(
            f"{bundle.path}: kernel and initrd need {needed} bytes of {place}, which has {free}"
        )


def write(bundle: Bundle, target: Target, step: Step) -> Path:
    """Fill the idle slot; returns the file with which its trial begins, written last.

    Raises SlotError, BadBundle. After an error, or a power cut, what ran is what boots.
    """
    manifest, idle, loader = bundle.manifest, target.idle, target.loader
    folder, files = loader.folder(idle.name), more.files(bundle)
    try:
        loader.retire(idle.name)
        _write_root(bundle, idle, step)
        folder.mkdir(exist_ok=True)
        _clear(folder)
        for name in (KERNEL, INITRD):
            _write_file(bundle, name, folder / name, step)
        held = {name: files.pop(name) for name in loader.last if name in files}
        for name, data in files.items():
            _write_small(folder / name, data)
        sync_folder(folder)
        sync_folder(folder.parent)
        _read_back(manifest, ROOT, idle.device, step)
        for name in (KERNEL, INITRD):
            _read_back(manifest, name, folder / name, step)
        for name, data in files.items():
            if (folder / name).read_bytes() != data:
                raise _fails(folder / name)
        entry = loader.offer(idle.name, manifest, held)
    except OSError as error:
        if isinstance(error, UpdateError):
            raise
        raise SlotError(
            f"slot {idle.name} cannot be written: {error}; it was left unbootable, and slot "
            f"{target.running.name} stays"
        ) from error
    return entry


def _clear(folder: Path) -> None:
    for old in folder.iterdir():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink()


def _write_small(path: Path, data: bytes) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir()
        sync_folder(path.parent.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb", buffering=0) as out:
        _whole(out.fileno(), data)
        os.fsync(out.fileno())
        os.posix_fadvise(out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    sync_folder(path.parent)


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
        _whole(out, data)
        seen(len(data))
    os.fsync(out)
    # What is read back must come from the medium and not from memory.
    os.posix_fadvise(out, 0, 0, os.POSIX_FADV_DONTNEED)


def _whole(out: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(out, left) :]


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
        raise _fails(path)


def _fails(path: Path) -> SlotError:
    return SlotError(
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
