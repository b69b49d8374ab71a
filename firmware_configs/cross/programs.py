"""Programs of the workstation: whether they are there, and running them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from firmware_configs.cross.targets import Target
from firmware_configs.errors import BuildError, ToolMissing

LAST_LINES = 60  # CMake says why well before the end


def needed(target: Target, *, emulate: bool = False) -> dict[str, str]:
    """Programs that a build, or a test, for this target runs: their Debian packages by name."""
    programs = {
        f"{target.triple}-g++": f"crossbuild-essential-{target.arch}",
        "git": "git",
        "apt-get": "apt",
        "dpkg-deb": "dpkg",
    }
    if emulate:
        programs |= {"cmake": "cmake", "ctest": "cmake", target.emulator: "qemu-user-static"}
    return programs


def missing(programs: Mapping[str, str]) -> list[str]:
    """Debian packages of those that are not installed."""
    return sorted({package for name, package in programs.items() if shutil.which(name) is None})


def require(programs: Mapping[str, str]) -> None:
    """Raises ToolMissing, naming what to install."""
    if packages := missing(programs):
        raise ToolMissing(f"not installed; try: sudo apt-get install {' '.join(packages)}")


def run(*command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """What a program wrote to standard output. Raises BuildError with the end of all it said."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=env,
            cwd=cwd,
            umask=0o022,  # the user's would show in the modes of what is built
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolMissing(f"{words[0]}: is not installed") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:]
        raise BuildError(
            f"`{' '.join(words)}` ended with code {done.returncode}\n" + "\n".join(said)
        )
    return done.stdout


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would change what compilers and pip make."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG", "http_proxy", "https_proxy", "no_proxy")
    upper = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    found = {n: os.environ[n] for n in kept + upper if n in os.environ}
    # How pip reaches its index is the user's to say; what it installs is pinned.
    found |= {n: v for n, v in os.environ.items() if n.startswith(("PIP_", "SSL_CERT_"))}
    return found | {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"} | more
