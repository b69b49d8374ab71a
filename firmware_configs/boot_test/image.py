"""The images that are tested: the generic board's, with a site's file and one unit of the test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from firmware_configs.boot_test.disks import GUEST
from firmware_configs.boot_test.machine import ADDRESS
from firmware_configs.bundle.image import Image
from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call
from firmware_configs.image.version import ROOT, current

BOARD = "generic-arm64"
UNIT = "face-gate-boot-test.service"
SITE = """\
host_name = "boot-test"
[face_gate.lock]
uri = "gpiod:door/LOCK"
exit_uri = "gpiod:door/EXIT"
[face_gate.inference]
threads = 1
[update]
public_key = "update.pub"
[[add]]
source = "etc"
dest = "/etc"
"""
NETWORK = """\
[ssh]
enabled = true
[admin]
ssh_keys = ["{key}"]
[[network]]
interface = "en*"
addresses = ["{address}/24"]
"""
SSH_KEY = "admin"
CRASH = "[Service]\nExecStart=\nExecStart=/bin/false\n"


def site(folder: Path, *, crashing: bool = False, ssh_key: Path | None = None) -> Path:
    """A site's file, and what it names, in a new folder; the update key lies beside it.

    ssh_key: public key of an administrator, with whom the site has a network and SSH.
    """
    units = folder / "etc/systemd/system"
    (units / "multi-user.target.wants").mkdir(parents=True)
    (units / UNIT).write_bytes((GUEST / UNIT).read_bytes())
    (units / "multi-user.target.wants" / UNIT).symlink_to(f"../{UNIT}")
    if crashing:
        (units / "face-gate.service.d").mkdir()
        (units / "face-gate.service.d/90-crash.conf").write_text(CRASH, encoding="utf-8")
    file = folder / "site.toml"
    text = SITE
    if ssh_key is not None:
        text += NETWORK.format(key=ssh_key.read_text().strip(), address=ADDRESS)
    file.write_text(text, encoding="utf-8")
    return file


def keys(folder: Path) -> tuple[Path, Path]:
    """A key pair for this test alone: (public, secret)."""
    public, secret = folder / "update.pub", folder / "update.key"
    if not (public.is_file() and secret.is_file()):
        call("minisign", "-G", "-f", "-W", "-p", public, "-s", secret)
    return public, secret


def ssh_key(folder: Path) -> Path:
    """The private key of an administrator who lives for this test alone; `.pub` beside it."""
    key = folder / SSH_KEY
    if not key.is_file():
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "boot test", "-f", key)
    return key


def build(file: Path, out: Path, *, newer_by: int = 0, wheel: Path | None = None) -> Path:
    """The image of a site's file; newer_by: added to its build number. Raises BuildError."""
    words = ["build", "--board", BOARD, "--config", str(file), "--out", str(out)]
    words += ["--wheel", str(wheel)] if wheel is not None else []
    number = int(current().text.partition("+")[2]) + newer_by
    _module("firmware_configs.image", words, {"FACEGATE_BUILD": str(number)})
    return out


def bundle(image: Path, secret: Path, out: Path) -> Path:
    """An update of an image. Raises BuildError."""
    out.unlink(missing_ok=True)
    words = ["--image", str(image), "--key", str(secret), "--out", str(out)]
    _module("firmware_configs.bundle", words, {})
    return out


def update_sizes(image: Path) -> tuple[int, int]:
    """Bytes of the root that an update of an image like this one writes, and of kernel and initrd.

    Raises BuildError.
    """
    with tempfile.TemporaryDirectory() as name:
        opened = Image(image)
        boot = (opened.kernel(Path(name) / "kernel"), opened.initrd(Path(name) / "initrd"))
        return opened.root.size, sum(file.stat().st_size for file in boot)


def forge(genuine: Path, out: Path) -> Path:
    """The same bundle with one bit of its root file system changed, and the genuine signature."""
    call("cp", genuine, out)
    with out.open("r+b") as file:
        file.seek(out.stat().st_size * 2 // 3)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    return out


def _module(name: str, words: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", name, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{name} {' '.join(words)}: {done.stderr.strip()[-2000:]}")
