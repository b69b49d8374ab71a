"""Debian packages of another architecture, unpacked into a folder: none is installed here.

apt is given a state of its own below the build folder, so that this machine's list of
architectures stays as it is and no root is needed. Signatures are checked as ever.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from firmware_configs.cross.programs import run
from firmware_configs.errors import BuildError, ToolMissing

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = "bookworm"
# The suite alone, without its updates: what is linked or run in tests changes with a release only.
SOURCES = f"deb [signed-by={KEYRING}] http://deb.debian.org/debian {SUITE} main\n"


class Archive:
    """Debian's archive for one architecture. folder: where apt's lists and the packages lie."""

    def __init__(self, arch: str, folder: Path) -> None:
        self._folder = folder
        sources = folder / "sources.list"
        settings = {
            "APT::Architecture": arch,
            "APT::Architectures": arch,
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "Dir::State": folder / "state",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "APT::Sandbox::User": "root",  # else root's own folder must be readable for _apt
            "Debug::NoLocking": "true",
        }
        self._options = [f"-o{name}={value}" for name, value in settings.items()]
        if not KEYRING.exists():
            raise ToolMissing(
                f"{KEYRING}: not there; try: sudo apt-get install debian-archive-keyring"
            )

    def refresh(self) -> None:
        """Fetches the lists of packages. Raises BuildError."""
        for place in ("state/lists/partial", "cache/archives/partial"):
            (self._folder / place).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        (self._folder / "sources.list").write_text(SOURCES, encoding="utf-8")
        run("apt-get", *self._options, "-q", "--error-on=any", "update")

    def fetch(self, packages: Sequence[str], *, closure: bool) -> list[Path]:
        """Files of these packages; closure: and of all that they depend on. Raises BuildError."""
        archives = self._folder / "cache" / "archives"
        shutil.rmtree(archives, ignore_errors=True)
        (archives / "partial").mkdir(parents=True)
        if closure:
            how = ["--no-install-recommends", "--download-only", "--yes", "install"]
            run("apt-get", *self._options, "-q", *how, *packages)
        else:
            run("apt-get", *self._options, "-q", "download", *packages, cwd=archives)
        found = sorted(archives.glob("*.deb"))
        if not found:
            raise BuildError(f"apt-get fetched nothing for {' '.join(packages)}")
        return found


def unpacked(
    arch: str, apt: Path, packages: Sequence[str], into: Path, *, closure: bool
) -> list[str]:
    """Makes sure that `into` holds these packages; returns the names of their files.

    What is there already is kept if it is of the same packages: remove it to fetch newer ones.
    Raises BuildError, ToolMissing.
    """
    stamp = into / ".packages"
    asked = f"{arch} {SUITE} {' '.join(packages)}"
    if stamp.exists():
        first, *files = stamp.read_text(encoding="utf-8").splitlines()
        if first == asked:
            return files
    archive = Archive(arch, apt)
    archive.refresh()
    debs = archive.fetch(packages, closure=closure)
    fresh = into.with_name(f"{into.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for deb in debs:
        run("dpkg-deb", "--extract", deb, fresh)
    names = [deb.name for deb in debs]
    (fresh / ".packages").write_text("\n".join([asked, *names]) + "\n", encoding="utf-8")
    shutil.rmtree(into, ignore_errors=True)
    fresh.rename(into)
    return names
