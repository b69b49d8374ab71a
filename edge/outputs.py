"""Files that a command writes: whole, or not there.

They are written beside their place under another name and renamed when complete, so that an
interrupted run leaves no half film that looks like a film, and keeps what stood there before.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from edge.cameras.base import Image
from edge.errors import OutputError


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
        beside.chmod(0o666 & ~_umask())  # mkstemp makes it the owner's alone
        beside.replace(path)
    except OSError as error:
        if isinstance(error, OutputError) or error.filename not in (name, str(path)):
            raise
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_picture(path: Path, image: Image) -> None:
    """Write a picture whole, in the format of the path's suffix. Raises OutputError."""
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
