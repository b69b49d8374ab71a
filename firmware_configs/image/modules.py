"""The kernel's modules: which the image leaves out, and what those that stay need."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call
from firmware_configs.image.tree import Entry, Tree

LEFT_OUT = (
    # Whole folders below kernel/ that no door computer has hardware or use for. Anything that
    # depends on something in them goes too; what a board must have is checked against its `keep`.
    "drivers/infiniband",
    "drivers/gpu",
    "drivers/isdn",
    "drivers/scsi/aacraid",
    "drivers/scsi/aic7xxx",
    "drivers/scsi/be2iscsi",
    "drivers/scsi/bfa",
    "drivers/scsi/bnx2fc",
    "drivers/scsi/bnx2i",
    "drivers/scsi/csiostor",
    "drivers/scsi/cxgbi",
    "drivers/scsi/fnic",
    "drivers/scsi/lpfc",
    "drivers/scsi/megaraid",
    "drivers/scsi/mpt3sas",
    "drivers/scsi/pm8001",
    "drivers/scsi/qedf",
    "drivers/scsi/qedi",
    "drivers/scsi/qla2xxx",
    "drivers/scsi/qla4xxx",
    "drivers/scsi/smartpqi",
    "drivers/target",
    "drivers/media/dvb-frontends",
    "drivers/media/firewire",
    "drivers/media/pci",
    "drivers/media/radio",
    "drivers/media/tuners",
    "drivers/media/usb/dvb-usb",
    "drivers/media/usb/dvb-usb-v2",
    "drivers/net/can",
    "drivers/net/ethernet/brocade",
    "drivers/net/ethernet/chelsio",
    "drivers/net/ethernet/mellanox",
    "drivers/net/ethernet/netronome",
    "drivers/net/ethernet/qlogic",
    "drivers/net/fddi",
    "drivers/net/hamradio",
    "drivers/net/ieee802154",
    "drivers/net/wireless",
    "drivers/net/wwan",
    "drivers/staging",
    "drivers/accel",
    "fs/afs",
    "fs/bfs",
    "fs/btrfs",
    "fs/ceph",
    "fs/cifs",
    "fs/coda",
    "fs/dlm",
    "fs/f2fs",
    "fs/gfs2",
    "fs/hfs",
    "fs/hfsplus",
    "fs/jffs2",
    "fs/jfs",
    "fs/ksmbd",
    "fs/lockd",
    "fs/minix",
    "fs/nfs",
    "fs/nfsd",
    "fs/nilfs2",
    "fs/ntfs3",
    "fs/ocfs2",
    "fs/orangefs",
    "fs/reiserfs",
    "fs/ubifs",
    "fs/udf",
    "fs/ufs",
    "fs/xfs",
    "net/9p",
    "net/appletalk",
    "net/atm",
    "net/ax25",
    "net/batman-adv",
    "net/bluetooth",
    "net/can",
    "net/ceph",
    "net/dccp",
    "net/ieee802154",
    "net/l2tp",
    "net/lapb",
    "net/mac80211",
    "net/netrom",
    "net/nfc",
    "net/openvswitch",
    "net/rds",
    "net/rose",
    "net/rxrpc",
    "net/sctp",
    "net/smc",
    "net/sunrpc",
    "net/tipc",
    "net/vmw_vsock",
    "net/wireless",
    "net/x25",
)


def release(tree: Tree) -> str:
    """The version of the one kernel in the tree. Raises BuildError for none or several."""
    found = {path.split("/")[3] for path in tree.under("usr/lib/modules") if path.count("/") > 3}
    if len(found) != 1:
        raise BuildError(f"one kernel is needed, there is {', '.join(sorted(found)) or 'none'}")
    return found.pop()


def name_of(path: str) -> str:
    """The module in a file: usr/lib/modules/…/gpio-pl061.ko.xz → gpio_pl061."""
    return PurePosixPath(path).name.split(".")[0].replace("-", "_")


def prune(tree: Tree, version: str, keep: Sequence[str]) -> None:
    """Take out LEFT_OUT and what depends on it, then write the modules' index anew.

    Raises BuildError if a module in `keep` would be gone.
    """
    top = f"usr/lib/modules/{version}"
    needs = _needs(tree, version)
    gone = {
        path
        for path in needs
        if any(path.startswith(f"{top}/kernel/{folder}/") for folder in LEFT_OUT)
    }
    while more := {p for p, wants in needs.items() if p not in gone and gone & set(wants)}:
        gone |= more
    for path in gone:
        del tree.entries[path]
    there = {name_of(path) for path in needs if path not in gone}
    built_in = {name_of(line) for line in tree.text(f"{top}/modules.builtin").split()}
    lost = [name for name in keep if name.replace("-", "_") not in there | built_in]
    if lost:
        raise BuildError(f"kernel {version} has no module {', '.join(lost)} after pruning")
    index(tree, version)


def index(tree: Tree, version: str) -> None:
    """Run depmod over the tree's modules, as far as they are there."""
    top = f"usr/lib/modules/{version}"
    files = Tree()
    for path in tree.under(top):
        files.entries[path] = tree.entries[path]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, entry in files.sorted():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if entry.kind == "file":
                place.write_bytes(entry.read())
        (folder / "lib").symlink_to("usr/lib")
        call("depmod", "--basedir", folder, version)
        for place in sorted((folder / top).glob("modules.*")):
            tree.put(f"{top}/{place.name}", Entry("file", 0o644, content=place.read_bytes()))


def closure(tree: Tree, version: str, wanted: Sequence[str]) -> list[str]:
    """Paths of these modules and of all that they need, each after what it needs.

    A module built into the kernel needs no file. Raises BuildError for one that is nowhere.
    """
    needs = _needs(tree, version)
    by_name = {name_of(path): path for path in needs}
    top = f"usr/lib/modules/{version}"
    built_in = {name_of(line) for line in tree.text(f"{top}/modules.builtin").split()}
    order: list[str] = []

    def visit(path: str) -> None:
        if path in order:
            return
        for need in needs[path]:
            visit(need)
        order.append(path)

    for module in wanted:
        name = module.replace("-", "_")
        if name in by_name:
            visit(by_name[name])
        elif name not in built_in:
            raise BuildError(f"kernel {version} has no module {module}")
    return order


def _needs(tree: Tree, version: str) -> dict[str, list[str]]:
    """What modules.dep says, as paths of the tree."""
    top = f"usr/lib/modules/{version}"
    needs: dict[str, list[str]] = {}
    for line in tree.text(f"{top}/modules.dep").splitlines():
        path, _, rest = line.partition(":")
        needs[f"{top}/{path}"] = [f"{top}/{need}" for need in rest.split()]
    return needs
