"""The initrd: an archive that cpio reads, with modules in the order of their needs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_configs.errors import BuildError
from firmware_configs.image import initrd, modules
from firmware_configs.image.tree import Tree

TOP = "usr/lib/modules/6.1.0"


@pytest.fixture
def root() -> Tree:
    tree = Tree()
    tree.write("bin/busybox", b"ELF", 0o755)
    needs = {
        "fs/squashfs/squashfs": [],
        "fs/ext4/ext4": ["lib/crc16", "fs/jbd2/jbd2"],
        "fs/jbd2/jbd2": [],
        "lib/crc16": [],
        "lib/libcrc32c": [],
        "drivers/gpu/drm/drm": [],
        "drivers/usb/needs-drm": ["drivers/gpu/drm/drm"],
        "drivers/block/virtio_blk": [],
    }
    lines = []
    for path, wanted in needs.items():
        tree.write(f"{TOP}/kernel/{path}.ko", path)
        lines.append(f"kernel/{path}.ko: {' '.join(f'kernel/{w}.ko' for w in wanted)}\n")
    tree.write(f"{TOP}/modules.dep", "".join(lines))
    tree.write(f"{TOP}/modules.builtin", "kernel/crypto/crc32c_generic.ko\n")
    return tree


def test_modules_come_after_what_they_need(root: Tree) -> None:
    made = initrd.tree(root, "6.1.0", ["virtio-blk"])
    order = [modules.name_of(line) for line in made.text("etc/modules").split()]
    assert order.index("ext4") > max(order.index("crc16"), order.index("jbd2"))
    assert {"virtio_blk", "squashfs"} <= set(order)
    assert "crc32c_generic" not in order  # built into the kernel


def test_a_module_that_the_kernel_has_not_is_an_error(root: Tree) -> None:
    with pytest.raises(BuildError, match="no module nvme"):
        initrd.tree(root, "6.1.0", ["nvme"])


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_cpio_reads_it(root: Tree, tmp_path: Path) -> None:
    made = initrd.tree(root, "6.1.0", ["virtio_blk"])
    data = initrd.cpio(made)
    assert data == initrd.cpio(made)
    listed = subprocess.run(
        ["cpio", "--list", "--verbose", "--quiet"], input=data, capture_output=True, check=True
    ).stdout.decode()
    for name in ("init", "bin/busybox", f"{TOP}/kernel/fs/ext4/ext4.ko", "newroot"):
        assert f" {name}\n" in listed
    assert "bin/mount -> busybox" in listed
    assert any(line.startswith("crw") and "dev/console" in line for line in listed.splitlines())


def test_every_program_of_the_script_is_in_the_initrd() -> None:
    words = set(initrd.INIT.read_text().replace("(", " ").replace('"', " ").split())
    used = words & {"mount", "umount", "insmod", "modprobe", "grep", "sleep", "reboot", "tr", "cat"}
    used |= {"switch_root"}
    assert used <= set(initrd.APPLETS.split())


def test_nothing_in_the_script_leads_to_a_shell() -> None:
    text = initrd.INIT.read_text()
    assert "exec sh" not in text and "exec /bin/sh" not in text
    subprocess.run(["sh", "-n", initrd.INIT], check=True)


@pytest.mark.skipif(shutil.which("depmod", path="/usr/sbin:/sbin:/usr/bin") is None, reason="kmod")
def test_what_depends_on_a_left_out_module_goes_too(root: Tree) -> None:
    for path in list(root.entries):
        if path.endswith(".ko"):
            root.write(path, Path("/bin/true").read_bytes())  # depmod wants ELF files
    modules.prune(root, "6.1.0", ["ext4"])
    assert f"{TOP}/kernel/drivers/usb/needs-drm.ko" not in root
    assert f"{TOP}/kernel/fs/ext4/ext4.ko" in root


def test_a_module_that_a_board_must_have_is_not_pruned_silently(root: Tree) -> None:
    with pytest.raises(BuildError, match="drm"):
        modules.prune(root, "6.1.0", ["drm"])
