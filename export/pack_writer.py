"""Writes a pack so that it is either whole or absent."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from edge.errors import PackError
from edge.packs import read_manifest
from edge.packs.schema import Manifest


def write(folder: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Manifest:
    """Writes model files and `manifest.toml` into `folder`, then reads the manifest back.

    Args:
        files: content by file name.
        manifest: as a plain dictionary; its SHA-256 values must be those of `files`.

    Raises:
        ManifestError: the manifest is outside the schema.
    """
    for name, data in files.items():
        _durable(folder / name, data)
    text = tomli_w.dumps(dict(manifest)).encode()
    _durable(folder / "manifest.toml", _HEADING + text)
    return read_manifest(folder)


_HEADING = b"# Written by export; do not edit: hashes and scores belong to the files beside it.\n\n"


def sha256(data: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def _durable(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def staged(target: Path, *, force: bool = False) -> Iterator[Path]:
    """An empty folder beside `target` that becomes `target` if the block ends without error.

    Whatever happens inside, `target` is either as before or complete; an error leaves nothing
    behind. With `force` an existing pack is replaced, otherwise it is refused.

    Raises:
        PackError: `target` exists (without `force`), or is something other than a pack.
    """
    require_free(target, force=force)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    folder.chmod(0o755)
    try:
        yield folder
        _replace(folder, target, Path.replace)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def require_free(target: Path, *, force: bool = False) -> None:
    """PackError when a pack must not be written to `target`: see `staged`."""
    if target.exists():
        occupied = not target.is_dir() or any(target.iterdir())
        if occupied and not (target / "manifest.toml").is_file():
            raise PackError(f"{target} exists and is not a pack; nothing was written")
        if occupied and not force:
            raise PackError(f"{target} holds a pack already; --force replaces it")


def _replace(folder: Path, target: Path, rename: Callable[[Path, Path], object]) -> None:
    """Puts `folder` in the place of `target`; if the second rename fails the first is undone."""
    if not target.exists():
        rename(folder, target)
        return
    old = folder.with_name(folder.name + "-old")
    rename(target, old)
    try:
        rename(folder, target)
    except BaseException:
        rename(old, target)
        raise
    shutil.rmtree(old)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
