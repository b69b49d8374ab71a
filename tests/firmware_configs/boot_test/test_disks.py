"""Cards, layers that lose what was not flushed, and the judge of a data partition."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware_configs.boot_test import disks, image, kernel_modules
from firmware_configs.boot_test.errors import ConsoleError
from firmware_configs.boot_test.machine import (
    FIRMWARE,
    QEMU,
    Board,
    Machine,
    fresh_variables,
    require_emulator,
)
from firmware_configs.boot_test.monitor import Written
from firmware_configs.errors import BuildError, ToolMissing
from firmware_configs.image.tools import call, missing

MIB = 2**20
_lacking = missing(["sfdisk", "mke2fs", "e2fsck", "qemu-img"])
needs_disks = pytest.mark.skipif(bool(_lacking), reason=f"not installed: {', '.join(_lacking)}")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """16 MiB with a partition `data` that holds an ext4."""
    disk, data = tmp_path / "card.img", tmp_path / "made.ext4"
    with disk.open("wb") as file:
        file.truncate(16 * MIB)
    table = "label: gpt\nstart=2048, size=8192, name=esp\nstart=10240, size=16384, name=data\n"
    sfdisk = ["/usr/sbin/sfdisk", "--quiet", str(disk)]
    subprocess.run(sfdisk, input=table, text=True, check=True, capture_output=True)
    call("mke2fs", "-q", "-t", "ext4", data, "8M")
    with disk.open("r+b") as file:
        file.seek(5 * MIB)
        file.write(data.read_bytes())
    return disk


@needs_disks
def test_partitions_are_found_by_name_and_cut_out(card: Path, tmp_path: Path) -> None:
    part = disks.partitions(card)["data"]
    assert (part.start, part.size) == (5 * MIB, 8 * MIB)
    disks.cut_out(card, "data", tmp_path / "data")
    assert (tmp_path / "data").read_bytes() == card.read_bytes()[5 * MIB : 13 * MIB]


@needs_disks
def test_a_whole_file_system_passes_and_a_damaged_one_does_not(card: Path, tmp_path: Path) -> None:
    assert "data.ext4" in disks.check_data(card, tmp_path)
    with card.open("r+b") as file:
        # An inode table of zeros: the root folder is gone.
        file.seek(5 * MIB + 64 * 1024)
        file.write(bytes(1 * MIB))
    with pytest.raises(BuildError, match="e2fsck"):
        disks.check_data(card, tmp_path)
    assert not (tmp_path / "data.ext4").exists()


@needs_disks
def test_what_a_layer_holds_reaches_the_card_only_when_merged(card: Path, tmp_path: Path) -> None:
    layer, before = tmp_path / "layer", card.read_bytes()
    disks.overlay(card, layer)
    raw = tmp_path / "changed"
    call("qemu-img", "convert", "-O", "raw", layer, raw)
    assert raw.read_bytes() == before
    qemu_io = missing(["qemu-io"])
    if qemu_io:
        pytest.skip("qemu-io is not installed")
    call("qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 4k", layer)
    assert card.read_bytes() == before
    disks.merge(layer)
    assert card.read_bytes()[MIB : MIB + 4096] == b"\x5a" * 4096
    assert not layer.exists()


@pytest.mark.parametrize("release", ["", "6.1", "../../etc", "6.1.0-56-amd64"])
def test_only_debians_arm64_kernels_have_modules(release: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"named 6\.1\.0-56-arm64"):
        kernel_modules.build(release, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_forged_bundle_differs_in_one_bit(tmp_path: Path) -> None:
    genuine = tmp_path / "genuine"
    genuine.write_bytes(bytes(range(256)) * 40)
    forged = image.forge(genuine, tmp_path / "forged").read_bytes()
    changed = [a ^ b for a, b in zip(genuine.read_bytes(), forged, strict=True) if a != b]
    assert changed == [1]


def test_the_site_names_what_is_there(tmp_path: Path) -> None:
    from firmware_configs.image import site

    file = image.site(tmp_path / "door", crashing=True)
    (tmp_path / "door/update.pub").write_text("a key")
    read = site.load(file)
    assert read.face_gate["lock"]["uri"] == "gpiod:door/LOCK"
    units = tmp_path / "door/etc/systemd/system"
    assert (units / "multi-user.target.wants" / image.UNIT).resolve() == units / image.UNIT
    assert "/bin/false" in (units / "face-gate.service.d/90-crash.conf").read_text()


def test_a_site_with_ssh_has_one_key_and_one_address(tmp_path: Path) -> None:
    from firmware_configs.image import site

    public = tmp_path / "admin.pub"
    public.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIabc boot test\n")
    file = image.site(tmp_path / "good", ssh_key=public)
    (tmp_path / "good/update.pub").write_text("a key")
    read = site.load(file)
    assert read.ssh.enabled and len(read.admin.ssh_keys) == 1
    assert read.network[0].addresses == ("10.0.2.15/24",)
    assert len(read.add) == 1


def test_the_firmware_starts_on_the_console_and_the_power_can_go(tmp_path: Path) -> None:
    """The quick part of `make image-test`: emulator, firmware and console as it uses them."""
    try:
        require_emulator()
    except ToolMissing as lacking:
        pytest.skip(str(lacking))
    assert QEMU and FIRMWARE.is_file()
    disk = tmp_path / "empty.img"
    disk.write_bytes(bytes(MIB))
    fresh_variables(tmp_path / "vars.fd")
    board = Board(disk, tmp_path / "vars.fd", tmp_path / "log", memory=256, cpus=1)
    with Machine(board) as machine:
        machine.console.expect("UEFI firmware", 120)
        assert machine.running
        with machine.monitor() as monitor:
            assert monitor.written() == Written(0, 0)
            with pytest.raises(ConsoleError, match="one write"):
                monitor.wait(lambda now: now.operations > 0, 0.1, "one write")
        machine.cut_power()
        assert not machine.running
    assert b"UEFI" in (tmp_path / "log").read_bytes()
