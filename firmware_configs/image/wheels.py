"""The device's Python packages: wheels named and hashed in a lock file, unpacked, compiled.

None of their code runs here. pip checks each wheel against `wheels.lock`; our own wheel, which is
made from this checkout, is the one that has no line there.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call
from firmware_configs.image.tree import Tree

LOCK = Path(__file__).with_name("wheels.lock")
HOME = "opt/face-gate"
SITE = f"{HOME}/lib/python3.11/site-packages"
# Debian 12 has glibc 2.36; a wheel for an older one runs there too.
GLIBC = ("36", "35", "34", "31", "28", "27", "26", "24", "17")
PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in GLIBC), "manylinux2014_aarch64")
FOR_THE_DEVICE = (
    *(word for platform in PLATFORMS for word in ("--platform", platform)),
    *("--python-version", "3.11", "--implementation", "cp", "--only-binary=:all:"),
)
# What a wheel brings that no device runs: its own tests, and what makes models, not what runs them.
NOT_RUN = (
    "onnxruntime/transformers",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/datasets",
    "onnxruntime/backend",
    "numpy/f2py",
    "bin",
)
PYVENV = "home = /usr/bin\ninclude-system-site-packages = {}\nversion = 3.11\n"


def locked(without: Sequence[str] = ()) -> str:
    """The lines of the lock file but for the wheels named. Raises BuildError for one not in it."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    for name in without:
        if not any(line.startswith(f"{name}==") for line in lines):
            raise BuildError(f"{LOCK}: has no {name} to leave out")
    kept = [line for line in lines if not line.startswith(tuple(f"{n}==" for n in without))]
    return "\n".join(kept) + "\n"


def add(
    tree: Tree,
    ours: Path,
    cache: Path,
    work: Path,
    without: Sequence[str] = (),
    *,
    system: bool = False,
) -> None:
    """Put the environment /opt/face-gate into the tree.

    ours: face-gate's own wheel; cache: where downloaded wheels are kept; work: where they are
    unpacked, and stay while the tree is used; without: locked wheels that the board's own packages
    take the place of; system: whether Debian's modules are seen.

    Raises BuildError if a wheel is not what the lock says, or cannot be had.
    """
    cache.mkdir(parents=True, exist_ok=True)
    requirements, site = work / "wheels.lock", work / "site"
    requirements.write_text(locked(without), encoding="utf-8")
    pip = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
    fetched = ("--require-hashes", "--no-deps", "--requirement", str(requirements))
    if not _has_all(cache, locked(without)):
        call(sys.executable, *pip, "download", *FOR_THE_DEVICE, *fetched, "--dest", cache)
    put = ("install", *FOR_THE_DEVICE, "--no-compile", "--no-index", "--target", str(site))
    call(sys.executable, *pip, *put, "--find-links", cache, *fetched)
    call(sys.executable, *pip, *put, "--no-deps", "--upgrade", ours)
    _drop(site)
    tree.add_host(site, SITE)
    tree.write(f"{HOME}/pyvenv.cfg", PYVENV.format("true" if system else "false"))
    for python in ("python", "python3"):
        tree.link(f"{HOME}/bin/{python}", "/usr/bin/python3.11")


def _has_all(cache: Path, lines: str) -> bool:
    """Whether every wheel of the lock lies in the cache already: then no index need be asked."""
    wanted = {line.split("sha256:")[1] for line in lines.splitlines() if "sha256:" in line}
    there = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in cache.glob("*.whl")}
    return wanted <= there


def _drop(site: Path) -> None:
    """Leave out what no device runs, and what says where and when the wheel was unpacked."""
    for path in sorted(site.rglob("*"), reverse=True):
        relative = path.relative_to(site)
        unused = any(relative.is_relative_to(folder) for folder in NOT_RUN)
        tests = "tests" in relative.parts and relative.parts[0] == "numpy"
        made_here = relative.suffix == ".pyc" or (
            relative.parent.suffix == ".dist-info"
            and relative.name in ("RECORD", "direct_url.json", "REQUESTED", "INSTALLER")
        )
        if unused or tests or made_here or relative.name == "__pycache__":
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()


def compile_all(tree: Tree, folders: Sequence[str]) -> None:
    """Compile the Python under these folders. The result names the source's hash and not its date,
    and is not checked at import: the root cannot be written, so it cannot go stale."""
    python = "python3.11"
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for folder in folders:
            for path in [p for p in tree.under(folder) if p.endswith(".pyc")]:
                tree.remove(path)
            for path in [p for p in tree.under(folder) if p.endswith(".py")]:
                if tree.entries[path].kind == "file":
                    place = top / path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(tree.entries[path].read())
        words = ("-I", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")
        call(python, *words, "-s", top, "-p", "/", top, environment={"PYTHONHASHSEED": "0"})
        for made in sorted(top.rglob("*.pyc")):
            tree.write(str(made.relative_to(top)), made.read_bytes())
