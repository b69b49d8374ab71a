"""What the root file system holds: Debian's part, the program, our own files, the site's."""

from __future__ import annotations

from firmware_configs.boards.schema import Board
from firmware_configs.errors import BuildError
from firmware_configs.image import accounts, settings
from firmware_configs.image.network import units
from firmware_configs.image.site import Site
from firmware_configs.image.tree import Entry, Tree
from firmware_configs.image.version import ROOT, Version

ROOTFS = ROOT / "firmware_configs" / "rootfs"
UNIT = ROOT / "firmware_configs" / "systemd" / "face-gate.service"
SHARE = "usr/share/face-gate"
UNITS = "/usr/lib/systemd/system"
WANTS = "etc/systemd/system/multi-user.target.wants"
PYTHON = ("usr/lib/python3.11", "opt/face-gate/lib/python3.11")

# Of Debian's packages: what makes images and initrds, helps developers, or writes to the root.
LEFT_OUT = (
    "etc/initramfs",
    "etc/initramfs-tools",
    "etc/kernel",
    "etc/logrotate.d",
    # Whatever a package has enabled when it was installed, SSH among it. What runs is what rootfs/
    # and the site enable.
    "etc/systemd/system",
    "etc/systemd/user",
    "etc/rc0.d",
    "etc/rc1.d",
    "etc/rc2.d",
    "etc/rc3.d",
    "etc/rc4.d",
    "etc/rc5.d",
    "etc/rc6.d",
    "etc/rcS.d",
    "etc/init.d",
    "etc/cron.d",
    "etc/cron.daily",
    "usr/share/initramfs-tools",
    "usr/share/bash-completion",
    "usr/share/zsh",
    "usr/share/lintian",
    "usr/share/perl5",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg/info",
    "var/log",
)


def site_and_board(board: Board, site: Site, version: Version) -> Tree:
    """The part that is neither Debian's nor Python's: a dry run shows it. Raises ConfigError."""
    tree = Tree()
    tree.add_host(ROOTFS, "")
    tree.add_host(UNIT, "usr/lib/systemd/system/face-gate.service")
    tree.write(f"{SHARE}/face-gate.toml", settings.of(board, site), 0o640, accounts.FACE_GATE)
    tree.write(f"{SHARE}/board", f"{board.name}\n")
    if site.host_name is not None:
        tree.write(f"{SHARE}/hostname", f"{site.host_name}\n")
    keys = "".join(f"{key}\n" for key in site.admin.ssh_keys)
    tree.write(f"{SHARE}/authorized_keys", keys)
    if site.update.public_key is not None:
        tree.write(f"{SHARE}/update.pub", site.update.public_key.read_bytes())
    if board.pack != "default":
        tree.add_host(ROOT / board.pack, f"{SHARE}/{board.pack}")
    _machine(tree, board, site)
    _identity(tree, board, site, version)
    if board.boot.method == "rpi-tryboot":
        _tryboot(tree)
    for path, text in units(site).items():
        tree.write(path, text)
    if site.network:
        tree.link(f"{WANTS}/systemd-networkd.service", f"{UNITS}/systemd-networkd.service")
    if site.ssh.enabled:
        tree.link(f"{WANTS}/ssh.service", f"{UNITS}/ssh.service")
    return tree


def _machine(tree: Tree, board: Board, site: Site) -> None:
    timeout = board.watchdog.timeout_s
    tree.write(
        "etc/systemd/system.conf.d/50-watchdog.conf",
        "# The board resets itself when systemd has not spoken for so long.\n"
        f"[Manager]\nRuntimeWatchdogSec={timeout}\nRebootWatchdogSec=2min\n",
    )
    tree.write("usr/lib/systemd/system/face-gate.service.d/10-image.conf", drop_in(board))
    load = [*board.kernel.load, *site.kernel.load]
    tree.write("etc/modules-load.d/face-gate.conf", "".join(f"{name}\n" for name in load))
    # Mount points.
    tree.folder("data")
    tree.folder("efi", 0o700)
    tree.folder("etc/face-gate")
    tree.folder("var/lib/face-gate", 0o700, accounts.FACE_GATE, accounts.FACE_GATE)
    tree.folder("var/lib/systemd")
    for name in ("tmp", "var/tmp"):
        tree.folder(name, 0o1777)
    tree.folder("var/log")
    tree.folder("var/cache/private", 0o700)
    tree.link("var/lib/dbus/machine-id", "/etc/machine-id")


def _tryboot(tree: Tree) -> None:
    """Each slot has a boot partition of its own; no loader counts tries and keeps slots."""
    options = "umask=0077,nosuid,nodev,noexec,x-systemd.automount,x-systemd.idle-timeout=30s"
    lines = "".join(
        f"PARTLABEL=boot-{slot} /boot/{slot}    vfat   {options}   0 2\n" for slot in "ab"
    )
    tree.write("etc/fstab", tree.text("etc/fstab") + lines)
    for slot in "ab":
        tree.folder(f"boot/{slot}", 0o700)
    tree.write(
        "usr/lib/systemd/system/face-gate-health.service.d/10-tryboot.conf",
        "# The firmware tells systemd nothing of a trial, and keeps no slot by itself.\n"
        "[Unit]\nConditionPathExists=\n"
        "[Service]\nExecCondition=/usr/bin/face-gate-update trial\n"
        "ExecStart=\nExecStart=/usr/bin/face-gate-update health --keep\n",
    )
    give_up = "usr/lib/face-gate/give-up-trial"
    tree.write(
        give_up,
        "#!/bin/sh\n# The firmware's own flag: what says which slot is kept may be what fails.\n"
        "case $(od -An -tx1 /proc/device-tree/chosen/bootloader/tryboot) in\n"
        "*[1-9a-f]*) systemctl --no-block --force reboot ;;\nesac\n",
        0o755,
    )
    tree.write(
        "usr/lib/systemd/system/emergency.service.d/60-tryboot.conf",
        f"[Service]\nExecStartPre=/{give_up}\n",
    )


def drop_in(board: Board) -> str:
    """What the service may do less, or must do besides, on an image."""
    devices = ["char-video4linux", "char-gpiochip"]
    if "python3-picamera2" in board.debian.packages:  # libcamera takes its buffers from there
        devices += ["char-media", "char-dma_heap"]
    allowed = "".join(f"DeviceAllow={device} rw\n" for device in devices)
    return (
        "[Service]\nRuntimeDirectory=face-gate\nRuntimeDirectoryPreserve=yes\n"
        "ExecStartPre=/usr/lib/face-gate/back-off\n"
        "# Administrator, SSH keys, updates and the loader are none of its business.\n"
        "InaccessiblePaths=/data -/efi -/boot\n"
        f"# Camera and lock alone.\nDeviceAllow=\n{allowed}"
    )


def _identity(tree: Tree, board: Board, site: Site, version: Version) -> None:
    tree.write("etc/machine-id", "", 0o444)
    tree.write("etc/hostname", f"{site.host_name or 'face-gate'}\n")
    tree.link("etc/hosts", "/run/hosts")  # the host name is known at the first boot
    tree.write("etc/default/locale", "LANG=C.UTF-8\n")
    tree.link("etc/localtime", f"/usr/share/zoneinfo/{site.time_zone}")
    tree.write(
        "etc/os-release",
        'PRETTY_NAME="face-gate on Debian GNU/Linux 12 (bookworm)"\n'
        'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
        f"IMAGE_ID=face-gate-{board.name}\nIMAGE_VERSION={version.text}\n",
    )


def over(base: Tree, upper: Tree) -> None:
    """Lay `upper` over `base`, as files are copied over a system."""
    for path, entry in sorted(upper.entries.items()):
        base.put(path, entry)


def finish_debian(tree: Tree) -> None:
    """Debian's part without what no door needs, and without anything made on another machine."""
    for path in LEFT_OUT:
        if path in tree:
            tree.remove(path)
    for path in [p for p in tree.entries if p.startswith("etc/ssh/ssh_host_")]:
        tree.remove(path)  # made when the package was installed: every image would have the same
    for path in [p for p in tree.entries if p.startswith(("boot/", "dev/", "proc/", "sys/"))]:
        tree.entries.pop(path, None)
    for path in ("etc/fstab", "etc/hostname", "etc/machine-id", "etc/resolv.conf", "etc/hosts"):
        if path in tree:
            tree.remove(path)
    for path in [p for p, e in tree.entries.items() if e.kind == "file" and e.mode & 0o6000]:
        if not path.endswith(("/sudo", "/unix_chkpwd")):
            entry = tree.entries[path]
            tree.entries[path] = Entry(
                "file", entry.mode & 0o777, entry.uid, entry.gid, entry.content
            )


def add_files(tree: Tree, site: Site) -> None:
    """What the site adds, last, so that it may replace anything. Raises BuildError."""
    for add in site.add:
        tree.add_host(add.source, add.dest, None if add.mode is None else int(add.mode, 8))


def add_modules(tree: Tree, site: Site, release: str) -> None:
    for path in site.kernel.modules:
        magic = f"vermagic={release} ".encode()
        data = path.read_bytes()
        if magic not in data:
            raise BuildError(f"{path}: not built for kernel {release}")
        tree.write(f"usr/lib/modules/{release}/extra/{path.name}", data)


def kernel(base: Tree, release: str) -> bytes:
    """The kernel of that release, as its package has it."""
    return base[f"boot/vmlinuz-{release}"].read()


def check(tree: Tree) -> None:
    """Names that one file says and another must have. Raises BuildError."""
    for path, entry in sorted(tree.entries.items()):
        # Links inside kernel trees and to run-time places are not files' names.
        if entry.kind == "link" and path.startswith("etc/systemd/system/"):
            target = entry.target if entry.target.startswith("/") else None
            if target is not None and target != "/dev/null" and target not in tree:
                raise BuildError(f"/{path} leads to {target}, which is not in the image")
    zone = tree.entries["etc/localtime"].target
    if zone not in tree:
        raise BuildError(f"time_zone: there is no {zone}")
