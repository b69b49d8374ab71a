"""The initrd: a static busybox, the modules that find the root, and a script of a page.

Debian's own is made by running the target's programs, under emulation for minutes; this one is put
together from files, and the same files give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from firmware_configs.errors import BuildError
from firmware_configs.image.modules import closure
from firmware_configs.image.tree import Entry, Tree

INIT = Path(__file__).with_name("initrd-init.sh")
ALWAYS = ("crc32c_generic", "libcrc32c", "squashfs", "ext4")
APPLETS = (
    "cat cut echo grep insmod ln ls mkdir modprobe mount reboot sed sh sleep switch_root tr umount"
)


def tree(root: Tree, release: str, modules: Sequence[str]) -> Tree:
    """The initrd's files. root: the image's; release: the kernel's; modules: which, with all that
    they need. Raises BuildError for a module that the kernel has not."""
    made = Tree()
    for folder in ("dev", "proc", "sys", "run", "data", "newroot"):
        made.folder(folder)
    made.put("bin/busybox", Entry("file", 0o755, content=root["bin/busybox"].content))
    for applet in APPLETS.split():
        made.link(f"bin/{applet}", "busybox")
    made.write("init", INIT.read_bytes(), 0o755)
    paths = closure(root, release, [*modules, *ALWAYS])
    made.write("etc/modules", "".join(f"{path}\n" for path in paths))
    for path in paths:
        made.put(path, Entry("file", 0o644, content=root[path].content))
    return made


def cpio(files: Tree) -> bytes:
    """The tree in cpio's "newc" format, which the kernel unpacks; every time stamp is zero."""
    parts: list[bytes] = []
    number = 0
    for path, entry in files.sorted():
        number += 1
        data = entry.read() if entry.kind == "file" else entry.target.encode()
        kind = {"file": 0o100000, "link": 0o120000, "folder": 0o040000}[entry.kind]
        parts.append(_member(path, number, kind | entry.mode, data))
    # The kernel opens /dev/console for the script before devtmpfs is there.
    number += 1
    parts.append(_member("dev/console", number, 0o020600, b"", device=(5, 1)))
    parts.append(_member("TRAILER!!!", 0, 0, b""))
    whole = b"".join(parts)
    return whole + bytes(-len(whole) % 512)


def _member(
    path: str, number: int, mode: int, data: bytes, device: tuple[int, int] = (0, 0)
) -> bytes:
    name = path.encode() + b"\0"
    if len(data) >= 1 << 32:
        raise BuildError(f"{path} is too large for an initrd")
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)
