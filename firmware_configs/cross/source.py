"""What a wheel is built from: the tracked files of this checkout, and which commit they are."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_configs.cross.programs import run
from firmware_configs.errors import BuildError

# Files and folders that reach the wheel or decide how it is made.
PARTS = (
    "pyproject.toml",
    "setup.py",
    "CMakeLists.txt",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "edge",
    "native",
    "firmware_configs/toolchains",
)


@dataclass(frozen=True)
class Commit:
    """time: when it was made, seconds since 1970; clean: no tracked file of PARTS differs."""

    id: str
    time: int
    clean: bool


def commit_of(root: Path) -> Commit:
    """Raises BuildError where `root` is no git checkout with a commit."""
    head, when = run("git", "-C", root, "log", "-1", "--format=%H %ct").split()
    how = ("--porcelain", "--untracked-files=no", "--")
    changed = run("git", "-C", root, "status", *how, *PARTS)
    return Commit(head, int(when), changed == "")


def tracked(root: Path, parts: Sequence[str] = PARTS) -> list[Path]:
    """Tracked files below `parts`, relative to `root`, sorted. Raises BuildError if one is gone."""
    listed = run("git", "-C", root, "ls-files", "-z", "--", *parts)
    names = sorted(Path(name) for name in listed.split("\0") if name)
    gone = [str(name) for name in names if not (root / name).is_file()]
    if gone or not names:
        raise BuildError(f"{root}: tracked, but not there: {', '.join(gone) or 'any file'}")
    return names


def copy(root: Path, into: Path) -> str:
    """Fills `into` with the tracked files; returns the SHA-256 of their names and contents.

    Modes are set, because a wheel keeps them and a checkout's depend on the umask.
    """
    shutil.rmtree(into, ignore_errors=True)
    for name in tracked(root):
        place = into / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, place)
        place.chmod(0o755 if (root / name).stat().st_mode & 0o100 else 0o644)
    return digest(root)


def digest(root: Path) -> str:
    """SHA-256 of the tracked files' names and contents."""
    whole = hashlib.sha256()
    for name in tracked(root):
        content = hashlib.sha256((root / name).read_bytes()).hexdigest()
        whole.update(f"{content}  {name.as_posix()}\n".encode())
    return whole.hexdigest()
