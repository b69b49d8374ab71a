"""The pinned tools that build a wheel, in a virtual environment beside the builds."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from firmware_configs.cross.programs import clean_environment, run
from firmware_configs.cross.targets import BUILD, PYTHON
from firmware_configs.errors import ToolMissing

PINS = Path(__file__).with_name("tools.txt")


def target_python() -> Path:
    """An interpreter of the target's version, after which the wheel is tagged."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON:
        return Path(sys.executable)
    found = shutil.which(f"python{PYTHON}")
    if found is None:
        raise ToolMissing(
            f"python{PYTHON}: not installed, and only the version that the boards run tags a wheel "
            f"for them; this is {sys.version.split()[0]}. It must have its venv module"
        )
    return Path(found)


def tools() -> Path:
    """The folder with the tools' programs; made at first, and again when the pins change."""
    folder = BUILD / "tools"
    stamp = folder / ".pins"
    pins = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        run(target_python(), "-m", "venv", folder, env=clean_environment())
        pip = ("-m", "pip", "install", "--quiet", "--requirement")
        run(folder / "bin" / "python", *pip, PINS, env=clean_environment())
        stamp.write_text(pins, encoding="utf-8")
    return folder / "bin"
