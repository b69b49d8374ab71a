"""Programs that the build calls, and the error where one is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from firmware_configs.errors import BuildError, ToolMissing

PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "genimage": "genimage",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "mksquashfs": "squashfs-tools",
    "depmod": "kmod",
    "bmaptool": "bmap-tools",
    "zstd": "zstd",
    "python3.11": "python3.11",
    "unsquashfs": "squashfs-tools",
    "e2fsck": "e2fsprogs",
    "sfdisk": "fdisk",
    "qemu-system-aarch64": "qemu-system-arm",
    "aarch64-linux-gnu-gcc": "crossbuild-essential-arm64",
}
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def path_of(tool: str) -> str:
    """Where a program is. Raises ToolMissing, which says what to install."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *SBIN])
    found = shutil.which(tool, path=search)
    if found is None:
        package = PACKAGES.get(tool, tool)
        raise ToolMissing(f"{tool} is not installed: apt-get install {package}")
    return found


def missing(tools: Sequence[str]) -> list[str]:
    """Which of these programs are not installed."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *SBIN])
    return [tool for tool in tools if shutil.which(tool, path=search) is None]


def call(
    tool: str,
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: Path | None = None,
) -> str:
    """Run a program to its end and return what it printed. Raises BuildError with its last lines.

    Its environment is the bare minimum with `environment`, so that the builder's locale or time
    zone is no input.
    """
    words = [path_of(tool), *(str(word) for word in arguments)]
    search = os.pathsep.join([os.environ.get("PATH", ""), *SBIN])
    kept = {k: v for k, v in os.environ.items() if k in ("HOME", "TMPDIR") or "proxy" in k.lower()}
    env = {"PATH": search, "LC_ALL": "C.UTF-8", "TZ": "UTC", **kept, **(environment or {})}
    with (stdin or Path(os.devnull)).open("rb") as read:
        done = subprocess.run(
            words, env=env, cwd=cwd, stdin=read, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise BuildError(f"{tool} ended with {done.returncode}:\n{last}")
    return done.stdout
