"""The recipe, from beginning to end. Nothing is in the image's place until all of it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_configs.boards.schema import Board
from firmware_configs.cross import source, wheel
from firmware_configs.cross.targets import Target, target_of
from firmware_configs.errors import BuildError
from firmware_configs.image import base, compose, disk, initrd, loader, modules, wheels
from firmware_configs.image.accounts import add as add_accounts
from firmware_configs.image.site import Site
from firmware_configs.image.tools import call, missing, path_of
from firmware_configs.image.tree import Tree
from firmware_configs.image.version import ROOT, Version

TOOLS = (
    *("mmdebstrap", "mksquashfs", "genimage", "mkfs.vfat", "mcopy", "mke2fs"),
    *("depmod", "bmaptool", "zstd", "python3.11"),
)
STEPS = ("Debian", "Python packages", "kernel modules", "root file system", "disk", "block map")
CACHE = ROOT / "build" / "image" / "cache"


@dataclass(frozen=True)
class Request:
    """What is to be built. fresh: Debian's part is made anew and not taken from the cache;
    unlocked: Debian's packages may differ from the board's lock."""

    board: Board
    site: Site
    version: Version
    wheel: Path
    out: Path
    cache: Path = CACHE
    fresh: bool = False
    unlocked: bool = False


def our_wheel(target: Target | None = None) -> Path:
    """The cross-built wheel of this checkout. Raises BuildError for none, or an older one."""
    target = target_of("arm64") if target is None else target
    made = wheel.built(target)
    if made.sources != source.digest(ROOT):
        raise BuildError(
            f"{made.path}: the sources changed since; run: make cross ARCH={target.arch}"
        )
    return made.path


def root_tree(
    request: Request, debian: Path, work: Path, step: Callable[[str], None]
) -> tuple[Tree, str]:
    """Debian's part and Python's, and the release of the kernel in it."""
    board, site = request.board, request.site
    tree = Tree()
    tree.add_tar(debian)
    if not request.unlocked:
        base.check_lock(board, tree)
    step("Python packages")
    wheels.add(
        tree,
        request.wheel,
        request.cache / "wheels",
        work,
        board.python.leave_out,
        system=board.python.system_packages,
    )
    wheels.compile_all(tree, compose.PYTHON)
    step("kernel modules")
    release = modules.release(tree)
    modules.prune(tree, release, (*board.kernel.keep, *board.kernel.load))
    compose.add_modules(tree, site, release)
    modules.index(tree, release)
    return tree, release


def build(request: Request, step: Callable[[str], None]) -> dict[str, Any]:
    """Build the image and, beside it, its parts and a manifest, which is returned too.

    step: called with each of STEPS as it begins. Raises ToolMissing, BuildError, ConfigError.
    """
    lacking = missing(TOOLS)
    if lacking:
        path_of(lacking[0])  # raises
    board, site, when = request.board, request.site, request.version.when
    upper = compose.site_and_board(board, site, request.version)
    request.out.parent.mkdir(parents=True, exist_ok=True)
    step("Debian")
    debian = base.build(board, request.cache, fresh=request.fresh)
    with tempfile.TemporaryDirectory(dir=request.out.parent, prefix=".build-") as name:
        work = Path(name)
        tree, release = root_tree(request, debian, work, step)
        step("root file system")
        kernel = compose.kernel(tree, release)
        ramdisk = initrd.tree(tree, release, board.kernel.initrd_modules)
        wanted = [path.format(release=release) for path in board.boot.files]
        for_loader = {path: tree[path] for path in wanted}
        compose.finish_debian(tree)
        compose.over(tree, upper)
        add_accounts(tree, site.admin.password_hash)
        compose.add_files(tree, site)
        compose.check(tree)
        packed = work / "initrd.cpio"
        packed.write_bytes(initrd.cpio(ramdisk))
        call("zstd", "-q", "-19", "--single-thread", packed, "-o", work / "initrd.img")
        boots = loader.boot_partitions(
            board, site, request.version, for_loader, kernel, (work / "initrd.img").read_bytes()
        )
        root, data, image = work / "root.squashfs", work / "data.ext4", work / request.out.name
        disk.squashfs(tree, root, when)
        step("disk")
        disk.ext4(board, data, when)
        disk.assemble(board, boots, root, data, image, work, when)
        step("block map")
        bmap = work / (request.out.stem + ".bmap")
        call("bmaptool", "create", "-o", bmap, image)
        about = manifest(request, release, base.installed(tree), image, root)
        listed = work / (request.out.stem + ".json")
        listed.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        for made in (root, work / "initrd.img", bmap, listed, image):
            _into_place(made, request.out.parent / made.name)
    return about


def _into_place(made: Path, place: Path) -> None:
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(place)


def manifest(
    request: Request, release: str, packages: list[str], image: Path, root: Path
) -> dict[str, Any]:
    """What the image is made of, and what came out."""
    blocks = image.stat().st_blocks * 512
    return {
        "board": request.board.name,
        "version": request.version.text,
        "source_date_epoch": request.version.when,
        "image": {
            "file": request.out.name,
            "sha256": digest(image),
            "bytes": image.stat().st_size,
            "bytes_that_are_not_holes": blocks,
        },
        "root": {"sha256": digest(root), "bytes": root.stat().st_size},
        "kernel": release,
        "wheel": {"file": request.wheel.name, "sha256": digest(request.wheel)},
        "wheels_lock_sha256": digest(wheels.LOCK),
        "debian_packages": packages,
        "debian_locked": not request.unlocked,
    }


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dry_run(request: Request) -> list[str]:
    """Write all that this repository adds to the image, as files under `request.out`, without
    Debian or Python packages; returns their paths. Raises ConfigError, BuildError."""
    board, site = request.board, request.site
    tree = compose.site_and_board(board, site, request.version)
    compose.add_files(tree, site)
    recipe = Tree()
    compose.over(recipe, _under("root", tree))
    words = [loader.kernel_line(board, site, slot) for slot in "ab"]
    recipe.write("recipe/kernel-line", "".join(f"{line}\n" for line in words))
    arguments = "\n".join(base.command(board, Path("debian.tar")))
    recipe.write("recipe/mmdebstrap", f"mmdebstrap\n{arguments}\n")
    recipe.write("recipe/wheels.lock", wheels.locked(board.python.leave_out))
    boots: dict[str, Tree] = {"esp": Tree()}
    if board.boot.method == "rpi-tryboot":  # all of it that is not Debian's
        boots = loader.boot_partitions(board, site, request.version, {}, b"", b"")
        boots["boot-a"].remove("vmlinuz", "initrd.img")
    for name, made in boots.items():
        compose.over(recipe, _under(name, made))
    layout = disk.layout(
        board, boots, Path("root.squashfs"), Path("data.ext4"), f"{board.name}.img"
    )
    recipe.write("recipe/genimage.cfg", layout)
    if request.out.exists():
        raise BuildError(f"{request.out}: is there already; a dry run writes a new folder")
    with tempfile.TemporaryDirectory(dir=request.out.parent) as name:
        recipe.to_folder(Path(name) / "tree")
        shutil.move(Path(name) / "tree", request.out)
    return [path for path, entry in recipe.sorted() if entry.kind != "folder"]


def _under(folder: str, tree: Tree) -> Tree:
    moved = Tree()
    for path, entry in tree.sorted():
        moved.entries[f"{folder}/{path}"] = entry
    return moved


def notes(request: Request) -> list[str]:
    """What the image will not do because nobody said how."""
    said = []
    site, board = request.site, request.board
    if board.gpio is None and "uri" not in site.face_gate.get("lock", {}):
        said.append(
            f"no lock: {board.name} has no GPIO line of its own, and the site names none in "
            "[face_gate.lock] uri; no door will open"
        )
    if site.update.public_key is None:
        said.append("no update.public_key: this image will refuse every update")
    if request.unlocked:
        said.append("--unlocked: Debian's packages are those of today, whatever the lock says")
    return said
