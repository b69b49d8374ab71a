"""What lies on the boot partition: the loader, and each slot's kernel, initrd and kernel line."""

from __future__ import annotations

from firmware_configs.boards.schema import Board
from firmware_configs.image.site import Site
from firmware_configs.image.tree import Entry, Tree
from firmware_configs.image.version import Version

LOADER_CONF = """\
timeout 0
editor no
auto-entries no
auto-firmware no
"""
SYSTEMD_BOOT = "usr/lib/systemd/boot/efi/systemd-bootaa64.efi"
ENTRY = "loader/entries/face-gate-{slot}.conf"
SLOT = "slot-{slot}"


def kernel_line(board: Board, site: Site, slot: str) -> str:
    """The kernel's words for a slot ("a" or "b"). Whatever panics starts again after 10 s."""
    words = (
        f"root=PARTLABEL=root-{slot}",
        "rootfstype=squashfs",
        "ro",
        "panic=10",
        "systemd.gpt_auto=0",
        *board.boot.consoles,
        *board.boot.arguments,
        "quiet",
        *site.kernel.arguments,
    )
    return " ".join(words)


def boot_partition(
    board: Board, site: Site, version: Version, root: Tree, kernel: bytes, initrd: bytes
) -> Tree:
    """The boot partition of a new image: slot a, and nothing yet in slot b."""
    tree = Tree()
    slot = SLOT.format(slot="a")
    tree.write(f"{slot}/vmlinuz", kernel)
    tree.write(f"{slot}/initrd.img", initrd)
    for path in board.boot.firmware:
        tree.put(path.rsplit("/", 1)[-1], Entry("file", 0o644, content=root[path].content))
    words = kernel_line(board, site, "a")
    if board.boot.method == "systemd-boot":
        loader = Entry("file", 0o644, content=root[SYSTEMD_BOOT].content)
        tree.put("EFI/BOOT/BOOTAA64.EFI", loader)
        tree.put("EFI/systemd/systemd-bootaa64.efi", loader)
        tree.write("loader/loader.conf", LOADER_CONF)
        # `version` is a count of what was written here, not of releases: the newest one written
        # is booted, also where an administrator has gone back to an older release.
        tree.write(
            ENTRY.format(slot="a"),
            f"title face-gate {version.text}\nsort-key face-gate\nversion 1\n"
            f"linux /{slot}/vmlinuz\ninitrd /{slot}/initrd.img\noptions {words}\n",
        )
        return tree
    tree.write("config.txt", config_txt(board, "a"))
    tree.write(f"{slot}/cmdline.txt", words + "\n")
    for path in board.boot.device_trees:
        name = path.rsplit("/", 1)[-1]
        where = f"{slot}/overlays/{name}" if name.endswith(".dtbo") else f"{slot}/{name}"
        tree.put(where, Entry("file", 0o644, content=root[path].content))
    return tree


def config_txt(board: Board, slot: str) -> str:
    """A Raspberry Pi's config.txt; the same for slot b, as tryboot.txt, tries that slot once."""
    lines = (
        f"os_prefix={SLOT.format(slot=slot)}/",
        "kernel=vmlinuz",
        "initramfs initrd.img followkernel",
        "arm_64bit=1",
        *board.boot.config_txt,
    )
    return "".join(f"{line}\n" for line in lines)
