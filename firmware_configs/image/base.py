"""The Debian part of an image: packages put together by mmdebstrap, as one tar.

It takes minutes, since the packages' own scripts run under emulation, so the tar is kept and used
again while its inputs are the same. `debian.lock` names every package with its version: an archive
that has moved on is an error and not another image.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edge.outputs import replacing
from firmware_configs.boards.schema import Archive, Board
from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call
from firmware_configs.image.tree import Tree

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
EPOCH = 1_750_000_000
"""What the packages' scripts take for now. Not the commit's date, so that Debian's part is the same
for many commits; all its files get the image's date later."""
LOCKS = Path(__file__).parent / "locks"
PACKAGES = (
    "busybox-static",
    "dbus",
    "dosfstools",
    "e2fsprogs",
    "gpiod",
    "iproute2",
    "kmod",
    "less",
    "libpam-systemd",
    "libstdc++6",
    "login",
    "minisign",
    "nano",
    "openssh-server",
    "passwd",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
    "tzdata",
    "udev",
    "util-linux",
    "v4l-utils",
    "whois",
)
LOADER = ("systemd-boot",)
NO_DOCUMENTATION = tuple(
    f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "info", "locale", "doc")
) + ("--dpkgopt=path-include=/usr/share/doc/*/copyright",)


def packages(board: Board) -> list[str]:
    """What is asked for by name; what these need comes with them."""
    loader = LOADER if board.boot.method == "systemd-boot" else ()
    return sorted({*PACKAGES, *loader, board.kernel.package, *board.debian.packages})


def sources(archives: Sequence[Archive]) -> list[str]:
    """The archives, as lines of sources.list."""
    lines = [
        f"deb {MIRROR} {SUITE} main",
        f"deb {MIRROR} {SUITE}-updates main",
        f"deb {SECURITY} {SUITE}-security main",
    ]
    for extra in archives:
        option = "" if extra.fingerprint is None else f"[signed-by={_key(extra)}] "
        lines.append(f"deb {option}{extra.uri} {extra.suite} {' '.join(extra.components)}")
    return lines


def _key(archive: Archive) -> str:
    return f"/usr/share/keyrings/{archive.fingerprint}.gpg"


def command(board: Board, out: Path) -> list[str]:
    """The arguments of mmdebstrap."""
    return [
        "--arch=arm64",
        "--variant=essential",
        "--format=tar",
        f"--include={','.join(packages(board))}",
        '--aptopt=APT::Install-Recommends "false"',
        *NO_DOCUMENTATION,
        SUITE,
        str(out),
        *sources(board.debian.archives),
    ]


def lock_file(board: Board) -> Path:
    return LOCKS / f"{board.name}.lock"


def kept(board: Board, cache: Path) -> Path:
    """Where the tar of the board's Debian is kept: another place for other inputs."""
    lock = lock_file(board)
    locked = lock.read_text(encoding="utf-8") if lock.exists() else ""
    inputs = json.dumps([command(board, Path("OUT")), locked, EPOCH])
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:16]
    return cache / f"debian-{board.name}-{digest}.tar"


def build(board: Board, cache: Path, *, fresh: bool = False) -> Path:
    """The tar of the board's Debian, from `cache` if it is there for the same inputs.

    fresh: make it anew. Raises BuildError if a key is missing or mmdebstrap fails.
    """
    for archive in board.debian.archives:
        if archive.fingerprint is not None and not Path(_key(archive)).exists():
            raise BuildError(f"{archive.uri}: its key is to be in {_key(archive)}")
    out = kept(board, cache)
    if out.exists() and not fresh:
        return out
    cache.mkdir(parents=True, exist_ok=True)
    with replacing(out) as beside, tempfile.TemporaryDirectory() as home:
        # INITRD=No: initramfs-tools would make its own for minutes; ours is made here.
        environment = {"SOURCE_DATE_EPOCH": str(EPOCH), "INITRD": "No", "HOME": home}
        call("mmdebstrap", *command(board, beside), environment=environment)
    return out


def installed(tree: Tree) -> list[str]:
    """Every package in the tree, as "name=version", sorted."""
    status = tree.text("var/lib/dpkg/status")
    rows = []
    for block in status.split("\n\n"):
        name = re.search(r"^Package: (\S+)$", block, re.MULTILINE)
        version = re.search(r"^Version: (\S+)$", block, re.MULTILINE)
        if name and version:
            rows.append(f"{name[1]}={version[1]}")
    if not rows:
        raise BuildError("the image's list of packages is empty")
    return sorted(rows)


def check_lock(board: Board, tree: Tree) -> None:
    """Raises BuildError where a package is not the one that the lock names."""
    path = lock_file(board)
    if not path.exists():
        raise BuildError(f"{path} is missing: `python -m firmware_configs.image lock {board.name}`")
    lines = path.read_text(encoding="utf-8").splitlines()
    locked = {line for line in lines if line and not line.startswith("#")}
    there = set(installed(tree))
    if locked != there:
        differ = sorted(locked ^ there)
        shown = "\n".join(
            f"  {'locked ' if line in locked else 'archive'} {line}" for line in differ[:20]
        )
        raise BuildError(
            f"Debian's archive has not what {path.name} names ({len(differ)} differ):\n{shown}\n"
            f"`python -m firmware_configs.image lock {board.name}` takes what it has now; "
            "--unlocked builds once without"
        )


def write_lock(board: Board, tree: Tree) -> Path:
    """Name the tree's packages as what the board's image is made of."""
    path = lock_file(board)
    path.parent.mkdir(exist_ok=True)
    head = (
        f"# Debian packages of {board.name}. `python -m firmware_configs.image lock` writes it.\n"
    )
    with replacing(path) as beside:
        beside.write_text(head + "".join(f"{line}\n" for line in installed(tree)), encoding="utf-8")
    return path
