"""A machine of plain files: disk, partitions, loader entries, key; and bundles made for it."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.update.__main__ import main
from edge.update.bundle import MANIFEST, SIGNATURE
from edge.update.manifest import BOOT, INITRD, KERNEL, PARTS, ROOT, Manifest, Part, Parts
from edge.update.slots import System

RUNNING, NEXT = "0.1.0+10", "0.1.0+11"
OPTIONS = "root=PARTLABEL=root-{slot} rootfstype=squashfs ro panic=10 quiet"
SLOT_BYTES = 3 << 20


def need_minisign() -> None:
    if shutil.which("minisign") is None:
        pytest.skip("minisign is not installed: apt-get install minisign")


@dataclass
class Keys:
    public: Path
    secret: Path


def make_keys(folder: Path, name: str) -> Keys:
    keys = Keys(folder / f"{name}.pub", folder / f"{name}.key")
    words = ["minisign", "-G", "-W", "-f", "-p", str(keys.public), "-s", str(keys.secret)]
    subprocess.run(words, check=True, capture_output=True)
    return keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    need_minisign()
    return make_keys(tmp_path_factory.mktemp("keys"), "update")


@pytest.fixture(scope="session")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    need_minisign()
    return make_keys(tmp_path_factory.mktemp("keys"), "other")


@dataclass
class Recipe:
    """What a bundle is made of; a test changes what it wants wrong."""

    board: str = "generic-arm64"
    version: str = NEXT
    options: str = OPTIONS
    files: dict[str, bytes] = field(
        default_factory=lambda: {
            KERNEL: b"MZ kernel of the new slot " * 5000,
            INITRD: b"initrd of the new slot " * 3000,
            ROOT: bytes(range(256)) * 4 * 2300,  # more than two chunks
        }
    )

    def manifest(self) -> Manifest:
        names = [*PARTS, *([BOOT] if BOOT in self.files else [])]
        parts = [
            Part(size=len(self.files[n]), sha256=hashlib.sha256(self.files[n]).hexdigest())
            for n in names
        ]
        return Manifest(
            board=self.board,
            version=self.version,
            options=self.options,
            parts=Parts(**dict(zip(("kernel", "initrd", "root", "boot"), parts, strict=False))),
        )

    def write(self, path: Path, keys: Keys, manifest: bytes | None = None) -> Path:
        """A bundle signed with `keys`; `manifest` in place of the one that fits the files."""
        beside = path.with_suffix(".json")
        beside.write_bytes(self.manifest().encoded() if manifest is None else manifest)
        words = ["minisign", "-S", "-s", str(keys.secret), "-m", str(beside)]
        subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        signature = beside.with_name(beside.name + ".minisig").read_bytes()
        return pack(path, {MANIFEST: beside.read_bytes(), SIGNATURE: signature, **self.files})


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return path


class Machine:
    """The tree, and what a test asks of it."""

    def __init__(self, root: Path, public: Path) -> None:
        self.root = root
        disk = root / "sys/devices/pci0/block/vda"
        names = ("esp", "root-a", "root-b", "data")
        for number, name in enumerate(names, 1):
            self.partition(disk / f"vda{number}", name, number)
        self.mounted({"/": "254:2", "/efi": "254:1", "/data": "254:4"})
        self.write("etc/os-release", f"IMAGE_ID=face-gate-generic-arm64\nIMAGE_VERSION={RUNNING}")
        self.write("usr/share/face-gate/update.pub", public.read_text())
        self.entry("face-gate-a.conf", 1, "a")
        for name in (KERNEL, INITRD):
            self.write(f"efi/slot-a/{name}", f"{name} of slot a")
        (root / "dev/vda2").write_bytes(b"root of slot a")
        (root / "dev/vda3").write_bytes(bytes(SLOT_BYTES))
        (root / "run").mkdir()
        self.system = System(root)
        self.esp = root / "efi"

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def partition(self, folder: Path, name: str, number: int, major: int = 254) -> None:
        folder.mkdir(parents=True)
        (folder / "partition").write_text(f"{number}\n")
        (folder / "size").write_text(f"{SLOT_BYTES // 512}\n")
        (folder / "uevent").write_text(f"MAJOR={major}\nDEVNAME={folder.name}\nPARTNAME={name}\n")
        link = self.root / f"sys/dev/block/{major}:{number}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)
        self.write(f"dev/{folder.name}", "")

    def mounted(self, at: dict[str, str]) -> None:
        lines = [
            f"{20 + n} 1 {device} / {point} rw,relatime shared:1 - x /dev/y rw"
            for n, (point, device) in enumerate(at.items())
        ]
        self.write("proc/self/mountinfo", "\n".join(lines) + "\n")

    def entry(self, name: str, generation: int, slot: str) -> Path:
        return self.write(
            f"efi/loader/entries/{name}",
            f"title face-gate {RUNNING}\nsort-key face-gate\nversion {generation}\n"
            f"linux /slot-{slot}/vmlinuz\ninitrd /slot-{slot}/initrd.img\n"
            f"options {OPTIONS.replace('{slot}', slot)}\n",
        )

    def boots(self) -> str:
        """The slot that systemd-boot would start: no try left comes last, then newest first."""
        best: list[tuple[bool, int, str]] = []
        for path in (self.esp / "loader/entries").glob("*.conf"):
            said = dict(line.split(" ", 1) for line in path.read_text().splitlines())
            _, plus, counter = path.stem.partition("+")
            left = int(counter.split("-")[0]) if plus else 1
            slot = said["linux"].removeprefix("/slot-")[0]
            best.append((left > 0, int(said["version"]), slot))
        return max(best)[2]

    def snapshot(self) -> dict[str, bytes]:
        """All that an update could change."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for top in ("efi", "boot", "dev")
            for path in sorted((self.root / top).rglob("*"))
            if path.is_file()
        }

    def holds(self, slot: str, recipe: Recipe) -> bool:
        """Whether that slot is, byte for byte, what the recipe says."""
        device = self.root / ("dev/vda2" if slot == "a" else "dev/vda3")
        boot = {n: self.esp / f"slot-{slot}" / n for n in (KERNEL, INITRD)}
        if not all(path.is_file() for path in boot.values()):
            return False
        data = {name: path.read_bytes() for name, path in boot.items()}
        root = recipe.files[ROOT]
        return data == {n: recipe.files[n] for n in boot} and device.read_bytes().startswith(root)

    def on_trial(self) -> None:
        """As systemd-boot leaves it when it starts an entry that is to be tried."""
        path = self.esp / "loader/entries/face-gate-a.conf"
        path.rename(path.with_name("face-gate-a+0-1.conf"))


@pytest.fixture
def machine(tmp_path: Path, keys: Keys) -> Machine:
    return Machine(tmp_path / "machine", keys.public)


@pytest.fixture
def recipe() -> Recipe:
    return Recipe()


WELL = (
    "echo ActiveState=active; echo NRestarts=0; echo MainPID=7; echo StatusText=watching=1; "
    "echo WatchdogTimestampMonotonic=$(date +%N)"
)
"""A script that answers as systemctl does of a service that works."""


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A program of that name that answers with a shell script's output."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def answers(script: str) -> None:
        program = folder / "systemctl"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return answers


def run(machine: Machine, verb: str, bundle: Path, *more: str) -> int:
    """What the command ends with, on that machine; never starts it again."""
    words = [verb, str(bundle), "--root", str(machine.root), *more]
    return main(words + (["--no-reboot"] if verb == "apply" else []))
