"""Which disks may be overwritten, by what sysfs says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_configs.flash.disk import Disk, number_of, read
from firmware_configs.flash.errors import DiskRefused

IMAGE = 10**9


class Machine:
    """proc and sys of a machine with one disk, /dev/sdx, number 8:16."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bus = "devices/pci0000:00/usb2/2-1/block/sdx"
        self.write("proc/self/mountinfo", "22 1 254:2 / / rw - ext4 /dev/vda2 rw\n")
        self.write("proc/swaps", "Filename Type Size Used Priority\n")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def disk(self, *, gb: float = 32, removable: str = "1", bus: str | None = None) -> None:
        self.bus = bus or self.bus
        self.node("8:16", self.bus, gb)
        self.write(f"sys/{self.bus}/removable", removable + "\n")
        self.write(f"sys/{self.bus}/ro", "0\n")
        self.write(f"sys/{self.bus}/device/model", "Ultra\n")

    def partition(self) -> None:
        self.node("8:17", f"{self.bus}/sdx1", 1)
        self.write(f"sys/{self.bus}/sdx1/partition", "1\n")

    def node(self, number: str, where: str, gb: float) -> None:
        self.write(f"sys/{where}/size", f"{int(gb * 10**9) // 512}\n")
        self.write(f"sys/{where}/dev", number + "\n")
        link = self.root / "sys/dev/block" / number
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(self.root / "sys" / where)

    def read(self, number: str = "8:16") -> Disk:
        return read(Path("/dev/sdx"), number, self.root)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def refused(disk: Disk, *force: str) -> str:
    with pytest.raises(DiskRefused) as caught:
        disk.require(IMAGE, frozenset(force))
    return str(caught.value)


def test_a_card_in_a_reader_is_taken(machine: Machine) -> None:
    machine.disk()
    machine.partition()
    found = machine.read()
    found.require(IMAGE, frozenset())
    assert (found.what, found.size) == ("USB Ultra", 32 * 10**9)


def test_the_sd_slot_of_a_laptop_is_taken(machine: Machine) -> None:
    machine.disk(removable="0", bus="devices/pci0/mmc_host/mmc0/mmc0:1/block/mmcblk0")
    assert "not removable" in refused(machine.read())
    machine.write(f"sys/{machine.bus}/device/type", "SD\n")
    machine.read().require(IMAGE, frozenset())
    machine.write(f"sys/{machine.bus}/device/type", "MMC\n")  # soldered in
    assert "not removable" in refused(machine.read())


def test_a_built_in_disk_needs_to_be_meant(machine: Machine) -> None:
    machine.disk(removable="0")
    assert "`--force fixed`" in refused(machine.read())
    assert "`--force fixed`" in refused(machine.read(), "large")
    machine.read().require(IMAGE, frozenset({"fixed"}))


def test_a_large_card_is_still_a_card(machine: Machine) -> None:
    machine.disk(gb=128)
    machine.read().require(IMAGE, frozenset())


def test_a_very_large_disk_needs_to_be_meant(machine: Machine) -> None:
    machine.disk(gb=500)
    assert "500 GB" in refused(machine.read(), "fixed")
    machine.read().require(IMAGE, frozenset({"large"}))


def test_all_reasons_are_given_at_once(machine: Machine) -> None:
    machine.disk(gb=500, removable="0")
    machine.write(f"sys/{machine.bus}/ro", "1\n")
    said = refused(machine.read())
    for reason in ("write-protected", "`--force fixed`", "`--force large`"):
        assert reason in said


ALL = ("fixed", "large")


def test_a_mounted_partition_is_refused_whatever_is_forced(machine: Machine) -> None:
    machine.disk()
    machine.partition()
    machine.write(
        "proc/self/mountinfo",
        "22 1 254:2 / / rw - ext4 /dev/vda2 rw\n"
        "90 22 8:17 / /media/my\\040card rw shared:5 - vfat /dev/sdx1 rw\n",
    )
    said = refused(machine.read(), *ALL)
    assert "it is mounted at /media/my card (`umount '/media/my card'`)" in said


def test_a_mounted_disk_without_partitions_is_refused(machine: Machine) -> None:
    machine.disk()
    machine.write("proc/self/mountinfo", "90 22 8:16 / /mnt rw - ext4 /dev/sdx rw\n")
    assert "mounted at /mnt" in refused(machine.read(), *ALL)


def test_swap_and_holders_are_refused(machine: Machine) -> None:
    machine.disk()
    machine.partition()
    machine.write(
        "proc/swaps", "Filename\t\tType\n/dev/sdx1                               partition\t1\n"
    )
    assert "sdx1 is swap space" in refused(machine.read(), *ALL)
    machine.write("proc/swaps", "")
    (machine.root / "sys" / machine.bus / "sdx1/holders/dm-0").mkdir(parents=True)
    assert "sdx1 is in use by dm-0" in refused(machine.read(), *ALL)


def test_a_partition_is_no_target(machine: Machine) -> None:
    machine.disk()
    machine.partition()
    with pytest.raises(DiskRefused, match=r"is a partition.*: /dev/sdx$"):
        machine.read("8:17")


def test_a_reader_without_a_card_is_refused(machine: Machine) -> None:
    machine.disk(gb=0)
    assert "there is no card in it" in refused(machine.read(), *ALL)


def test_a_card_that_is_too_small_is_refused(machine: Machine) -> None:
    machine.disk(gb=0.512)
    assert "it has 512000000 bytes, the image 1000000000" in refused(machine.read(), *ALL)


def test_a_disk_that_the_kernel_does_not_know_is_refused(machine: Machine) -> None:
    with pytest.raises(DiskRefused, match="knows no disk"):
        machine.read()


def test_what_is_neither_disk_nor_file_is_refused(tmp_path: Path) -> None:
    for path in (Path("/dev/null"), tmp_path, Path("/dev/sdzz9")):
        with pytest.raises(DiskRefused):
            number_of(path)
    assert number_of(tmp_path / "new.img") is None
