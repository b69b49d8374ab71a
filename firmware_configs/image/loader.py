"""What lies on the boot partition: the loader, and each slot's kernel, initrd and kernel line."""

from __future__ import annotations

from collections.abc import Mapping

from firmware_configs.boards.schema import SYSTEMD_BOOT, Board
from firmware_configs.image.site import Site
from firmware_configs.image.tree import Entry, Tree
from firmware_configs.image.version import Version

LOADER_CONF = """\
timeout 0
editor no
auto-entries no
auto-firmware no
"""
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
    board: Board,
    site: Site,
    version: Version,
    files: Mapping[str, Entry],
    kernel: bytes,
    initrd: bytes,
) -> Tree:
    """The boot partition of a new image: slot a, and nothing yet in slot b.

    files: what the board's method takes from the root, by path."""
    tree = Tree()
    slot = SLOT.format(slot="a")
    tree.write(f"{slot}/vmlinuz", kernel)
    tree.write(f"{slot}/initrd.img", initrd)
    words = kernel_line(board, site, "a")
    if board.boot.method == "systemd-boot":
        loader = Entry("file", 0o644, content=files[SYSTEMD_BOOT].content)
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
    for path, entry in files.items():
        name = path.rsplit("/", 1)[-1]
        # The firmware reads itself from the top, and what belongs to a kernel from its slot.
        folder = {".dtb": f"{slot}/", "dtbo": f"{slot}/overlays/"}.get(name[-4:], "")
        tree.put(folder + name, Entry("file", 0o644, content=entry.content))
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
