"""What lies on the boot partitions: the loader, and each slot's kernel, initrd and kernel line."""

from __future__ import annotations

from collections.abc import Mapping

from edge.update.tryboot import AUTOBOOT, COMMAND_LINE, CONFIG, TITLE, autoboot
from firmware_configs.boards.schema import SYSTEMD_BOOT, Board
from firmware_configs.image.disk import NUMBERS
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


def boot_partitions(
    board: Board,
    site: Site,
    version: Version,
    files: Mapping[str, Entry],
    kernel: bytes,
    initrd: bytes,
) -> dict[str, Tree]:
    """The FAT partitions of a new image, by name: slot a, and nothing yet in slot b.

    files: what the board's method takes from the root, by path."""
    if board.boot.method == "systemd-boot":
        return {"esp": _systemd_boot(board, site, version, files, kernel, initrd)}
    chooser, own = Tree(), Tree()
    chooser.write(AUTOBOOT, autoboot(kept=NUMBERS["boot-a"], other=NUMBERS["boot-b"]))
    own.write(CONFIG, config_txt(board, version))
    own.write(COMMAND_LINE, kernel_line(board, site, "a") + "\n")
    own.write("vmlinuz", kernel)
    own.write("initrd.img", initrd)
    for path, entry in files.items():
        name = path.rsplit("/", 1)[-1]
        folder = "overlays/" if name.endswith(".dtbo") else ""
        own.put(folder + name, Entry("file", 0o644, content=entry.content))
    # A file system in slot b: an update writes files there, and makes none.
    other = Tree()
    other.write("empty.txt", "The first update comes here.\n")
    return {"esp": chooser, "boot-a": own, "boot-b": other}


def _systemd_boot(
    board: Board,
    site: Site,
    version: Version,
    files: Mapping[str, Entry],
    kernel: bytes,
    initrd: bytes,
) -> Tree:
    tree = Tree()
    slot = SLOT.format(slot="a")
    tree.write(f"{slot}/vmlinuz", kernel)
    tree.write(f"{slot}/initrd.img", initrd)
    loader = Entry("file", 0o644, content=files[SYSTEMD_BOOT].content)
    tree.put("EFI/BOOT/BOOTAA64.EFI", loader)
    tree.put("EFI/systemd/systemd-bootaa64.efi", loader)
    tree.write("loader/loader.conf", LOADER_CONF)
    # `version` is a count of what was written here, not of releases: the newest one written
    # is booted, also where an administrator has gone back to an older release.
    tree.write(
        ENTRY.format(slot="a"),
        f"title face-gate {version.text}\nsort-key face-gate\nversion 1\n"
        f"linux /{slot}/vmlinuz\ninitrd /{slot}/initrd.img\n"
        f"options {kernel_line(board, site, 'a')}\n",
    )
    return tree


def config_txt(board: Board, version: Version) -> str:
    """A Raspberry Pi's config.txt, the same in both slots. Its first line names the version."""
    lines = (
        f"{TITLE}{version.text}",
        "kernel=vmlinuz",
        "initramfs initrd.img followkernel",
        "arm_64bit=1",
        *board.boot.config_txt,
    )
    return "".join(f"{line}\n" for line in lines)
