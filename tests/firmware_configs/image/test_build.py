"""The command: dry runs of every board, locks, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from edge.update.tryboot import autoboot
from firmware_configs.boards import schema
from firmware_configs.cross import targets
from firmware_configs.errors import BuildError, ToolMissing
from firmware_configs.image import (
    __main__,
    accounts,
    base,
    build,
    compose,
    disk,
    loader,
    tools,
    wheels,
)
from firmware_configs.image.lock import needed
from firmware_configs.image.site import Site
from firmware_configs.image.tree import Tree
from firmware_configs.image.version import Version

VERSION = Version("0.1.0+1", 1_700_000_000)


def fake_debian() -> Tree:
    tree = Tree()
    tree.write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
    tree.write(
        "etc/group", "root:x:0:\nvideo:x:44:\nadm:x:4:\nsystemd-journal:x:999:\nshadow:x:42:\n"
    )
    tree.write("etc/shadow", "root:$y$secret:19000:0:99999:7:::\n")
    tree.write("etc/gshadow", "root:*::\n")
    return tree


@pytest.mark.parametrize("name", schema.names())
def test_a_dry_run_writes_every_boards_files(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("FACEGATE_BUILD", "7")
    out = tmp_path / "tree"
    words = ["build", "--board", name, "--dry-run", "--out", str(out), "--json"]
    assert __main__.main(words) == 0
    listed = json.loads(capsys.readouterr().out)["files"]
    assert {str(p.relative_to(out)) for p in out.rglob("*") if not p.is_dir()} >= {
        path for path in listed if not (out / path).is_dir()
    }
    assert f"IMAGE_ID=face-gate-{name}\n" in (out / "root/etc/os-release").read_text()
    assert "IMAGE_VERSION=0.1.0+7\n" in (out / "root/etc/os-release").read_text()
    assert "partition data" in (out / "recipe/genimage.cfg").read_text()
    assert "linux-image" in (out / "recipe/mmdebstrap").read_text()


@pytest.mark.parametrize("name", ["rpi4", "rpi5"])
def test_a_raspberry_pi_tries_a_slot_once_and_keeps_it_by_itself(name: str, tmp_path: Path) -> None:
    out = tmp_path / "tree"
    assert __main__.main(["build", "--board", name, "--dry-run", "--out", str(out)]) == 0
    assert (out / "esp/autoboot.txt").read_bytes() == autoboot(2, 3)
    assert "root=PARTLABEL=root-a " in (out / "boot-a/cmdline.txt").read_text()
    assert (out / "boot-a/config.txt").read_text().startswith("# face-gate ")
    mounts = [line.split() for line in (out / "root/etc/fstab").read_text().splitlines()]
    points = {line[0]: line[1] for line in mounts if line and line[0].startswith("PARTLABEL=")}
    assert (points["PARTLABEL=boot-a"], points["PARTLABEL=boot-b"]) == ("/boot/a", "/boot/b")
    units = out / "root/usr/lib/systemd/system"
    health = (units / "face-gate-health.service.d/10-tryboot.conf").read_text()
    for command in re.findall(r"=/usr/bin/face-gate-update (.+)", health):
        assert command in ("trial", "health --keep")
    assert "\nConditionPathExists=\n" in health  # not the one of UEFI, which is never there
    script = out / "root/usr/lib/face-gate/give-up-trial"
    assert subprocess.run(["/bin/sh", "-n", script], check=False).returncode == 0
    assert script.stat().st_mode & 0o111
    given_up = (units / "emergency.service.d/60-tryboot.conf").read_text()
    assert "ExecStartPre=/usr/lib/face-gate/give-up-trial\n" in given_up


def test_other_boards_have_none_of_it(tmp_path: Path) -> None:
    out = tmp_path / "tree"
    words = ["build", "--board", "jetson-orin-nano", "--dry-run", "--out", str(out)]
    assert __main__.main(words) == 0
    assert not list(out.rglob("*tryboot*")) and not (out / "boot-a").exists()
    assert "/boot/" not in (out / "root/etc/fstab").read_text()


def test_a_dry_run_does_not_write_over_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tree").mkdir()
    words = ["build", "--board", "rpi4", "--dry-run", "--out", str(tmp_path / "tree")]
    assert __main__.main(words) == BuildError.exit_code
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["build", "--board", "toaster", "--dry-run"], 78, "no board 'toaster'"),
        (["build", "--board", "rpi4", "--config", "gone.toml", "--dry-run"], 78, "gone.toml"),
        (["build", "--board", "rpi4", "--add", "gone:/etc/x", "--dry-run"], 78, "there is no gone"),
        (["build"], 2, "--board"),
    ],
)
def test_errors_have_a_code_and_a_name(
    words: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(words) == code
    assert says in capsys.readouterr().err


def test_a_missing_tool_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "SBIN", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="apt-get install squashfs-tools"):
        tools.path_of("mksquashfs")


def test_a_wheel_of_other_sources_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "BUILD", tmp_path)
    with pytest.raises(BuildError, match="make cross"):
        build.our_wheel()
    dist = targets.target_of("arm64").dist
    dist.mkdir(parents=True)
    path = dist / "face_gate-1-cp311-cp311-manylinux_2_34_aarch64.whl"
    path.write_bytes(b"wheel")
    fields = {"platform": "", "commit": "", "clean": True, "epoch": 0, "compiler": ""}
    record = {**fields, "path": path.name, "sha256": build.digest(path), "headers": [], "tools": []}
    (dist / "build.json").write_text(json.dumps({**record, "sources": "0" * 64}))
    with pytest.raises(BuildError, match="the sources changed since"):
        build.our_wheel()


def test_the_lock_names_all_that_the_project_needs() -> None:
    lines = wheels.locked().splitlines()
    names = {line.split("==")[0] for line in lines if not line.startswith("#")}
    assert all("--hash=sha256:" in line for line in lines if not line.startswith("#"))
    assert {need.split(">")[0].split("=")[0] for need in needed()} <= names


def test_a_cache_with_another_wheel_of_that_name_is_not_enough(tmp_path: Path) -> None:
    line = f"one==1 --hash=sha256:{hashlib.sha256(b'content').hexdigest()}\n"
    wheel = tmp_path / "one-1-py3-none-any.whl"
    wheel.write_bytes(b"other content")
    assert not wheels._has_all(tmp_path, line)
    wheel.write_bytes(b"content")
    assert wheels._has_all(tmp_path, line)


def test_a_wheel_to_leave_out_must_be_in_the_lock() -> None:
    assert "opencv" not in wheels.locked(["opencv-python-headless"])
    with pytest.raises(BuildError, match="no tensorflow"):
        wheels.locked(["tensorflow"])


def test_a_package_of_another_version_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LOCKS", tmp_path)
    board = schema.load("generic-arm64")
    tree = Tree()
    tree.write("var/lib/dpkg/status", "Package: sudo\nVersion: 1\n\nPackage: udev\nVersion: 2\n")
    with pytest.raises(BuildError, match="is missing"):
        base.check_lock(board, tree)
    base.write_lock(board, tree)
    base.check_lock(board, tree)
    tree.write("var/lib/dpkg/status", "Package: sudo\nVersion: 3\n\nPackage: udev\nVersion: 2\n")
    with pytest.raises(BuildError, match=r"(?s)locked  sudo=1.*archive sudo=3"):
        base.check_lock(board, tree)


def test_what_packages_enabled_for_themselves_is_not_taken_along() -> None:
    tree = fake_debian()
    ssh = "etc/systemd/system/multi-user.target.wants/ssh.service"
    tree.link(ssh, "/lib/systemd/system/ssh.service")
    tree.write("etc/ssh/ssh_host_ed25519_key", "the same in every image", 0o600)
    tree.write("usr/bin/passwd", "", 0o4755)
    tree.write("usr/bin/sudo", "", 0o4755)
    compose.finish_debian(tree)
    assert ssh not in tree
    assert "etc/ssh/ssh_host_ed25519_key" not in tree
    assert tree["usr/bin/passwd"].mode == 0o755
    assert tree["usr/bin/sudo"].mode == 0o4755


def test_nobody_can_log_in_to_a_new_image() -> None:
    tree = fake_debian()
    accounts.add(tree, None)
    rows = [line.split(":") for line in tree.text("usr/share/face-gate/shadow").splitlines()]
    assert {row[0] for row in rows} == {"root", "face-gate", "admin"}
    assert all(row[1].startswith("!") for row in rows)
    assert tree.entries["etc/shadow"].target == "/data/system/shadow"
    assert "face-gate" in next(g for g in tree.text("etc/group").splitlines() if "video" in g)


def test_a_number_that_is_taken_is_an_error() -> None:
    tree = fake_debian()
    tree.write("etc/passwd", "other:x:901:901::/:/bin/sh\n")
    with pytest.raises(BuildError, match="901"):
        accounts.add(tree, None)


def test_each_slot_has_its_own_root_and_no_editor() -> None:
    board = schema.load("generic-arm64")
    assert "root=PARTLABEL=root-b" in loader.kernel_line(board, Site(), "b").split()
    assert "editor no" in loader.LOADER_CONF
    assert loader.config_txt(schema.load("rpi5"), VERSION).startswith("# face-gate 0.1.0+1\n")


def test_a_root_that_is_too_large_is_refused(tmp_path: Path) -> None:
    board = schema.load("generic-arm64")
    root = tmp_path / "root.squashfs"
    with root.open("wb") as file:
        file.truncate(board.partitions.root * disk.MIB + 1)
    with pytest.raises(BuildError, match=r"partitions\.root"):
        disk.assemble(board, {}, root, root, tmp_path / "x.img", tmp_path, 0)


DISK_TOOLS = ("genimage", "mkfs.vfat", "mcopy", "mke2fs", "mksquashfs", "bmaptool")


@pytest.mark.skipif(bool(tools.missing(DISK_TOOLS)), reason=f"needs {', '.join(DISK_TOOLS)}")
def test_a_disk_is_the_same_to_the_last_bit_and_has_no_holes_that_matter(tmp_path: Path) -> None:
    board = schema.load("generic-arm64")
    tree, boot = Tree(), Tree()
    tree.write("etc/hello", "world")
    boot.write("slot-a/vmlinuz", bytes(range(256)) * 4096)
    boot.write("loader/loader.conf", loader.LOADER_CONF)
    images = []
    for name in ("one", "two"):
        work = tmp_path / name
        work.mkdir()
        root, data, out = work / "root.squashfs", work / "data.ext4", work / "x.img"
        disk.squashfs(tree, root, VERSION.when)
        disk.ext4(board, data, VERSION.when)
        disk.assemble(board, {"esp": boot}, root, data, out, work, VERSION.when)
        images.append(out)
        time.sleep(2.1)  # FAT counts time in steps of two seconds
    assert build.digest(images[0]) == build.digest(images[1])
    bmap = tmp_path / "x.bmap"
    tools.call("bmaptool", "create", "-o", bmap, images[0])
    sizes = board.partitions
    mapped = sum(
        int(high) - int(low) + 1
        for low, high in ((part.strip().split("-") * 2)[:2] for part in _ranges(bmap.read_text()))
    )
    least = (1 + sizes.esp + sizes.data) * disk.MIB / 4096
    assert least <= mapped <= least + 2 * disk.MIB / 4096
    checked = subprocess.run(
        [tools.path_of("e2fsck"), "-fn", tmp_path / "one" / "data.ext4"], capture_output=True
    )
    assert checked.returncode == 0


def _ranges(bmap: str) -> list[str]:
    return re.findall(r"<Range[^>]*>([^<]+)</Range>", bmap)
