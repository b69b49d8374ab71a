"""A folder that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import OutputError


def require_none(folder: Path) -> None:
    """Raises OutputError unless a folder can be made there: nothing is, or an empty one."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: is there already; name a folder that is not, or is empty")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside it to fill, which takes its name at the end; after an error none is left.

    Raises OutputError for what the system refuses.
    """
    require_none(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error
    try:
        yield part
        if folder.exists():
            folder.rmdir()
        part.chmod(0o755)
        os.sync()  # before the name says that it is whole
        part.rename(folder)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
