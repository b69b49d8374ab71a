"""A Raspberry Pi's disk, with real partitions and FAT: laid out, read, and updated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.update.__main__ import main as update
from edge.update.bundle import opened
from edge.update.manifest import BOOT, INITRD, KERNEL
from edge.update.more import files
from edge.update.tryboot import autoboot
from firmware_configs.boards import schema
from firmware_configs.bundle.__main__ import main
from firmware_configs.image import disk, loader
from firmware_configs.image.build import digest
from firmware_configs.image.site import Site
from firmware_configs.image.tools import call, missing
from firmware_configs.image.tree import Entry, Tree
from firmware_configs.image.version import Version
from tests.edge.update.conftest import RUNNING, Keys, make_keys
from tests.edge.update.test_tryboot import Pi

TOOLS = ("genimage", "mkfs.vfat", "mcopy", "mdir", "mke2fs", "mksquashfs", "sfdisk", "minisign")
pytestmark = pytest.mark.skipif(bool(missing(TOOLS)), reason=f"needs {', '.join(TOOLS)}")
FIRMWARE = {"usr/lib/raspi-firmware/start4.elf": b"\x7fELF" * 999, "usr/lib/x/y.dtb": b"a tree"}
KERNEL_BYTES, INITRD_BYTES = b"a kernel" * 9999, b"an initrd" * 999


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"), "update")


def built(work: Path, keys: Keys, name: str, version: str) -> Path:
    """An image as `image build` makes it, of what stands for Debian's files."""
    board, number = schema.load(name), Version(version, 1_700_000_000)
    root = Tree()
    root.write("etc/os-release", f"IMAGE_ID=face-gate-{name}\nIMAGE_VERSION={version}\n")
    root.write("usr/share/face-gate/update.pub", keys.public.read_bytes())
    firmware = {path: Entry("file", 0o644, content=data) for path, data in FIRMWARE.items()}
    boots = loader.boot_partitions(board, Site(), number, firmware, KERNEL_BYTES, INITRD_BYTES)
    work.mkdir()
    squashfs, data, image = work / "root.squashfs", work / "data.ext4", work / "x.img"
    disk.squashfs(root, squashfs, number.when)
    disk.ext4(board, data, number.when)
    disk.assemble(board, boots, squashfs, data, image, work, number.when)
    return image


def test_the_disk_has_its_fat_partitions_first_and_chooses_slot_a(
    tmp_path: Path, keys: Keys
) -> None:
    image = built(tmp_path / "one", keys, "rpi5", RUNNING)
    table = json.loads(call("sfdisk", "--json", image))["partitiontable"]
    parts = [(p["name"], p["start"] // 2048, p["size"] // 2048) for p in table["partitions"]]
    sizes = schema.load("rpi5").partitions
    assert [name for name, *_ in parts] == ["esp", "boot-a", "boot-b", "root-a", "root-b", "data"]
    assert [size for *_, size in parts] == [
        sizes.esp,
        *[sizes.boot] * 2,
        *[sizes.root] * 2,
        sizes.data,
    ]
    assert {p["type"] for p in table["partitions"][1:3]} == {disk.FAT.upper()}
    chosen = tmp_path / "autoboot.txt"
    call("mcopy", "-i", f"{image}@@1M", "::/autoboot.txt", chosen)
    assert chosen.read_bytes() == autoboot(disk.NUMBERS["boot-a"], disk.NUMBERS["boot-b"])
    for number, name in enumerate(("boot-a", "boot-b"), 2):
        assert disk.NUMBERS[name] == number
    listed = call("mdir", "-b", "-i", f"{image}@@{parts[1][1]}M", "::")
    assert {line.removeprefix("::/") for line in listed.split()} == {
        *("config.txt", "cmdline.txt", "vmlinuz", "initrd.img", "start4.elf", "y.dtb")
    }
    other = f"{image}@@{parts[2][1]}M"
    assert call("mdir", "-b", "-i", other, "::").split() == ["::/empty.txt"]
    (tmp_path / "config.txt").write_text("kernel=vmlinuz\n")
    call("mcopy", "-i", other, tmp_path / "config.txt", "::/config.txt")  # a file system is there
    call("mdel", "-i", other, "::/config.txt")
    image.unlink()
    first = built(tmp_path / "three", keys, "rpi5", RUNNING)
    assert digest(built(tmp_path / "two", keys, "rpi5", RUNNING)) == digest(first)


def test_its_update_is_taken_by_a_device_that_was_flashed_with_it(
    tmp_path: Path, keys: Keys
) -> None:
    image, bundle = built(tmp_path / "new", keys, "rpi4", "0.1.0+11"), tmp_path / "x.bundle"
    words = ["--image", str(image), "--key", str(keys.secret), "--out", str(bundle)]
    assert main(words) == 0
    before = bundle.read_bytes()
    assert main(words) == 0
    assert bundle.read_bytes() == before, "the same image gives the same bundle"
    with opened(bundle, keys.public) as read:
        assert set(files(read)) == {"config.txt", "start4.elf", "y.dtb"}
        assert BOOT in read.manifest.parts.named()
        assert read.manifest.options_for("b").startswith("root=PARTLABEL=root-b ")
    pi = Pi(tmp_path / "pi", keys.public)
    assert update(["apply", str(bundle), "--no-reboot", "--root", str(pi.root)]) == 0
    assert (pi.starts(), pi.starts(tryboot=True)) == ("a", "b")
    folder = pi.root / "boot/b"
    assert (folder / KERNEL).read_bytes() == KERNEL_BYTES
    assert (folder / INITRD).read_bytes() == INITRD_BYTES
    assert (folder / "config.txt").read_text().startswith("# face-gate 0.1.0+11\n")
    squashfs = (tmp_path / "new/root.squashfs").read_bytes()
    assert (pi.root / "dev/mmcblk0p5").read_bytes().startswith(squashfs)
