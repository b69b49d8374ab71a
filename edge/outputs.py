"""Files that a command writes: whole, or not there.

They are written beside their place under another name and renamed when complete, so that an
interrupted run leaves no half film that looks like a film, and keeps what stood there before.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import OutputError

if TYPE_CHECKING:
    from edge.cameras.base import Image


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; renamed to `path` if the block ends well, removed if not.

    It has the same suffix, by which encoders choose a format. Raises OutputError.
    """
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, not a file to write to")
    try:
        handle, name = tempfile.mkstemp(
            suffix=path.suffix, prefix=f".{path.stem[:40]}-", dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())  # or a power cut may leave the new name without its content
        beside.chmod(0o666 & ~_umask())  # mkstemp makes it the owner's alone
        beside.replace(path)
    except OSError as error:
        if isinstance(error, OutputError) or error.filename not in (name, str(path)):
            raise
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def overwrite(path: Path, data: bytes, *, instead_of: bytes) -> None:
    """Put `data` in the place of a file's content; its owner, mode and attributes stay.

    Whole or not at all, also after a power cut. Raises OutputError; so it does for a file that
    nobody may write, and when it no longer holds `instead_of`: somebody else has changed it.
    """
    name = ""
    try:
        require_writable(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            was = path.stat()
            now = os.fstat(file.fileno())
            if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
                os.fchown(file.fileno(), was.st_uid, was.st_gid)
            shutil.copystat(path, name)
            os.utime(name)  # but it was changed just now
            os.fsync(file.fileno())
        if path.read_bytes() != instead_of:
            raise OutputError(f"{path}: was changed by somebody else meanwhile; run it again")
        Path(name).replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{path}: cannot be rewritten: {error.strerror}") from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Raises OutputError for a file that must not be overwritten.

    Asked for, because renaming needs no permission of the file itself, and root needs none at all:
    a file that nobody may write is meant to stay as it is.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise OutputError(f"{path}: cannot be rewritten: {error.strerror}") from error
    if not mode & 0o222:
        raise OutputError(f"{path}: is read-only ({stat.filemode(mode)}); `chmod u+w {path}`")
    for place, what in ((path, "file"), (path.parent, "folder")):
        if not os.access(place, os.W_OK):
            raise OutputError(
                f"{path}: this user may not write the {what} {place}; run it as its owner"
            )


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_picture(path: Path, image: Image) -> None:
    """Write a picture whole, in the format of the path's suffix. Raises OutputError."""
    import cv2  # here, since the other functions serve commands that need not wait for it

    try:
        done, data = cv2.imencode(path.suffix or ".png", image)
    except cv2.error:
        done = False
    if not done:
        raise OutputError(f"{path}: no picture format of that name; .png and .jpg are known")
    with replacing(path) as beside:
        try:
            beside.write_bytes(data.tobytes())
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
