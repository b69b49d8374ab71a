"""Writes `wheels.lock`: which wheels, of what content, a device runs."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from pathlib import Path

from edge.outputs import replacing
from firmware_configs.image.build import digest
from firmware_configs.image.tools import call
from firmware_configs.image.version import ROOT
from firmware_configs.image.wheels import FOR_THE_DEVICE, LOCK

HEAD = (
    "# The device's Python packages (CPython 3.11, aarch64). "
    "`python -m firmware_configs.image lock wheels` writes it.\n"
)


def needed() -> list[str]:
    """What the project needs at run time, as its pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [str(need).split(";")[0].strip() for need in project["dependencies"]]


def write_wheels_lock(cache: Path) -> Path:
    """Resolve the project's needs for the device as of today, and lock them."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        fetched = Path(name)
        pip = ("-m", "pip", "--disable-pip-version-check", "--quiet", "download")
        call(sys.executable, *pip, *FOR_THE_DEVICE, "--dest", fetched, *needed())
        lines = [_line(wheel) for wheel in sorted(fetched.glob("*.whl"))]
    with replacing(LOCK) as beside:
        beside.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return LOCK


def _line(wheel: Path) -> str:
    name, number = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-').lower()}=={number} --hash=sha256:{digest(wheel)}"
