"""The Raspberry Pi's way: two boot partitions, a trial by one word to the firmware, one sector."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import BadBundle, SlotError
from edge.update import health, more
from edge.update.__main__ import main
from edge.update.bundle import opened
from edge.update.choose import loader_of
from edge.update.manifest import BOOT, INITRD, KERNEL, ROOT
from edge.update.tryboot import Tryboot, autoboot
from tests.edge.update.conftest import NEXT, RUNNING, SLOT_BYTES, WELL, Keys, Machine, Recipe, run
from tests.edge.update.test_apply_power_cuts import KILLED, TOUCHING, applied, die_at

FIRMWARE = {
    "config.txt": b"kernel=vmlinuz\ninitramfs initrd.img followkernel\n",
    "start4.elf": b"\x7fELF firmware " * 300,
    "bcm2711-rpi-4-b.dtb": b"a device tree " * 40,
    "overlays/dwc2.dtbo": b"an overlay",
}


def tar(files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=tarfile.USTAR_FORMAT) as made:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.type = len(data), kind
            made.addfile(about, io.BytesIO(data))
    return out.getvalue()


class Pi(Machine):
    """The tree of a Raspberry Pi 4 that runs slot a, which is kept."""

    def __init__(self, root: Path, public: Path) -> None:
        super().__init__(root, public)
        for name in ("loader/entries/face-gate-a.conf", "slot-a/vmlinuz", "slot-a/initrd.img"):
            (root / "efi" / name).unlink()
        for name in ("loader/entries", "loader", "slot-a"):
            (root / "efi" / name).rmdir()
        disk = root / "sys/devices/mmc0/block/mmcblk0"
        names = ("esp", "boot-a", "boot-b", "root-a", "root-b", "data")
        for number, name in enumerate(names, 1):
            self.partition(disk / f"mmcblk0p{number}", name, number, major=179)
        (root / "dev/mmcblk0p5").write_bytes(bytes(SLOT_BYTES))
        self.runs("a")
        self.write("etc/os-release", f"IMAGE_ID=face-gate-rpi4\nIMAGE_VERSION={RUNNING}")
        (root / "efi/autoboot.txt").write_bytes(autoboot(2, 3))
        for name, data in {**FIRMWARE, KERNEL: b"kernel", INITRD: b"initrd"}.items():
            self.write(f"boot/a/{name}", data.decode("latin-1"))
        self.write("boot/a/cmdline.txt", "root=PARTLABEL=root-a quiet\n")
        self.write("boot/b/empty.txt", "The first update comes here.")

    def runs(self, slot: str) -> None:
        root = "179:4" if slot == "a" else "179:5"
        at = {"/": root, "/efi": "179:1", "/boot/a": "179:2", "/boot/b": "179:3"}
        self.mounted(at)

    def starts(self, *, tryboot: bool = False) -> str | None:
        """The slot that the firmware starts; None if it finds nothing to start there."""
        number, applies = 0, True
        for line in (self.root / "efi/autoboot.txt").read_text().splitlines():
            if line.startswith("["):
                applies = line == "[all]" or (line == "[tryboot]" and tryboot)
            elif applies and line.startswith("boot_partition="):
                number = int(line.removeprefix("boot_partition="))
        folder = self.root / {2: "boot/a", 3: "boot/b"}[number]
        if not all((folder / name).is_file() for name in ("config.txt", "start4.elf")):
            return None
        line = (folder / "cmdline.txt").read_text()
        return line.split("root=PARTLABEL=root-")[1][0]

    def boot_holds(self, slot: str, recipe: Recipe) -> bool:
        folder = self.root / "boot" / slot
        title = f"# face-gate {recipe.version}\n".encode()
        wanted = {**FIRMWARE, KERNEL: recipe.files[KERNEL], INITRD: recipe.files[INITRD]}
        wanted["config.txt"] = title + FIRMWARE["config.txt"]
        wanted["cmdline.txt"] = recipe.manifest().options_for(slot).encode() + b"\n"
        there = {
            str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()
        }
        device = self.root / ("dev/mmcblk0p4" if slot == "a" else "dev/mmcblk0p5")
        return there == wanted and device.read_bytes().startswith(recipe.files[ROOT])


@pytest.fixture
def pi(tmp_path: Path, keys: Keys) -> Pi:
    return Pi(tmp_path / "pi", keys.public)


def update(version: str = NEXT, files: dict[str, bytes] | None = None) -> Recipe:
    recipe = Recipe(board="rpi4", version=version)
    recipe.files[BOOT] = tar(FIRMWARE if files is None else files)
    return recipe


def test_the_new_slot_is_started_once_and_only_when_asked_for(
    pi: Pi, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (pi.starts(), pi.starts(tryboot=True)) == ("a", None)
    recipe = update()
    assert run(pi, "apply", recipe.write(tmp_path / "b", keys)) == 0
    assert "--reboot-argument=0 tryboot" in " ".join(capsys.readouterr().out.split())
    assert pi.boot_holds("b", recipe)
    assert (pi.starts(), pi.starts(tryboot=True)) == ("a", "b")


def test_apply_gives_the_firmware_the_word(
    pi: Pi, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, program = tmp_path / "log", tmp_path / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    bundle = update().write(tmp_path / "b", keys)
    assert main(["apply", str(bundle), "--root", str(pi.root)]) == 0
    assert log.read_text() == "reboot\n--reboot-argument=0 tryboot\n"


def test_a_trial_that_does_well_is_kept_and_another_goes_to_the_first_slot(
    pi: Pi,
    keys: Keys,
    tmp_path: Path,
    systemctl: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = ["--root", str(pi.root)]
    assert main(["trial", *root]) == 1
    assert run(pi, "apply", update().write(tmp_path / "b", keys)) == 0
    pi.runs("b")
    pi.write("etc/os-release", f"IMAGE_ID=face-gate-rpi4\nIMAGE_VERSION={NEXT}")
    assert main(["trial", *root]) == 0
    later = update("0.1.0+12")
    assert run(pi, "apply", later.write(tmp_path / "c", keys)) == 13, "on trial itself"
    systemctl("echo ActiveState=failed; " + WELL.split("; ", 1)[1])
    assert main(["health", "--keep", "--timeout-s", "0.2", *root]) == 13
    assert pi.starts() == "a", "what did not do well is not kept"
    monkeypatch.setattr(health, "FOR_S", 0.0)
    monkeypatch.setattr(health, "FED", 1)
    monkeypatch.setattr(health, "EVERY_S", 0.01)
    systemctl(WELL)
    assert main(["health", "--keep", "--timeout-s", "20", *root]) == 0
    assert pi.starts() == "b"
    assert main(["trial", *root]) == 1
    assert json.loads((pi.root / "data/update/trial.json").read_text())["kept"] is True
    assert run(pi, "apply", later.write(tmp_path / "c", keys)) == 0
    assert pi.boot_holds("a", later)
    assert (pi.starts(), pi.starts(tryboot=True)) == ("b", "a")


def test_status_names_what_is_kept(
    pi: Pi, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(pi, "apply", update().write(tmp_path / "b", keys)) == 0
    capsys.readouterr()
    assert main(["status", "--json", "--root", str(pi.root)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["running"], said["on_trial"]) == ("a", False)
    assert [(s["slot"], s["state"]) for s in said["slots"]] == [
        ("a", "kept"),
        ("b", "not tried, or failed its trial"),
    ]
    assert said["slots"][1]["title"] == f"face-gate {NEXT}"


def test_killed_at_any_step_the_slot_that_is_kept_boots_and_a_trial_is_whole(
    pi: Pi, keys: Keys, tmp_path: Path
) -> None:
    recipe = update()
    bundle = recipe.write(tmp_path / "b", keys)
    tried = []
    for step in range(1, 300):
        code = applied(pi, bundle, step)
        assert pi.starts() == "a"
        tried.append(pi.starts(tryboot=True))
        if tried[-1] is not None:
            assert tried[-1] == "b"
            assert pi.boot_holds("b", recipe) or code == KILLED
        if code == 0:
            break
        assert code == KILLED
        if step % 7 == 0:
            assert applied(pi, bundle, None) == 0
            assert pi.boot_holds("b", recipe)
            (pi.root / "boot/b/config.txt").unlink()
    else:
        raise AssertionError("it never ended")
    assert len(tried) > 40
    assert pi.boot_holds("b", recipe)


def test_config_txt_comes_last_and_only_when_all_else_was_read_back(
    pi: Pi, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str]] = []

    def noted(name: str, of: Callable[..., str]) -> None:
        real = getattr(os, name)

        def call(*words: Any, **more: Any) -> Any:
            events.append((name, of(*words)))
            return real(*words, **more)

        monkeypatch.setattr(os, name, call)

    noted("fsync", lambda handle: Path(f"/proc/self/fd/{handle}").readlink().name)
    noted("rename", lambda _from, to, *_: Path(to).name)
    assert run(pi, "apply", update().write(tmp_path / "b", keys)) == 0
    shown = events.index(("rename", "config.txt"))
    for name in ("mmcblk0p5", KERNEL, INITRD, "start4.elf", "dwc2.dtbo"):
        assert events.index(("fsync", name)) < shown
    assert events.index(("fsync", "cmdline.txt")) < shown
    assert shown < events.index(("fsync", "config.txt"))  # under its new name: put_file says why
    assert events[-1] == ("fsync", "b")


def test_keeping_is_one_write_that_neither_moves_nor_grows_the_file(
    pi: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pi.root / "efi/autoboot.txt"
    before, where = path.stat(), path.read_bytes()
    pi.runs("b")
    written: list[bytes] = []
    real = os.pwrite

    def pwrite(handle: int, data: bytes, offset: int) -> int:
        written.append(data)
        assert offset == 0
        return real(handle, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    loader_of(pi.system).keep("b")
    loader_of(pi.system).keep("b")
    assert written == [autoboot(3, 2)]
    assert (path.stat().st_ino, path.stat().st_size) == (before.st_ino, before.st_size)
    assert len(where) == len(path.read_bytes()) <= 512
    assert path.read_bytes() == autoboot(3, 2)


def test_killed_while_it_keeps_one_of_the_two_is_kept(pi: Pi) -> None:
    assert "pwrite" not in TOUCHING
    for name in ("config.txt", "start4.elf"):
        pi.write(f"boot/b/{name}", "x")
    pi.write("boot/b/cmdline.txt", "root=PARTLABEL=root-b\n")
    pi.runs("b")
    seen = set()
    for step in range(1, 10):
        (pi.root / "efi/autoboot.txt").write_bytes(autoboot(2, 3))
        child = os.fork()
        if child == 0:
            try:
                loader = loader_of(pi.system)
                die_at(step)
                loader.keep("b")
                os._exit(0)
            except BaseException:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        seen.add(pi.starts())
        if code == 0:
            break
        assert code == KILLED
    assert seen == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[all]\nboot_partition=2\n",
        autoboot(2, 4).decode(),
        autoboot(2, 2).decode(),
        autoboot(2, 3).decode() + "[none]\n",
    ],
)
def test_a_choice_that_this_system_did_not_write_is_refused(
    pi: Pi, keys: Keys, tmp_path: Path, text: str
) -> None:
    pi.write("efi/autoboot.txt", text)
    before = pi.snapshot()
    with pytest.raises(SlotError, match="autoboot"):
        Tryboot(pi.system).on_trial("a")
    assert run(pi, "apply", update().write(tmp_path / "b", keys)) == 13
    assert pi.snapshot() == before


def test_another_disks_boot_partition_is_refused(
    pi: Pi, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pi.partition(pi.root / "sys/devices/usb0/block/sdb/sdb3", "boot-b", 3, major=8)
    pi.mounted({"/": "179:4", "/efi": "179:1", "/boot/a": "179:2", "/boot/b": "8:3"})
    assert run(pi, "apply", update().write(tmp_path / "b", keys)) == 13
    assert "remove the other medium" in capsys.readouterr().err
    pi.mounted({"/": "179:4", "/efi": "179:1", "/boot/a": "179:3", "/boot/b": "179:2"})
    assert run(pi, "apply", update().write(tmp_path / "b", keys)) == 13
    assert "is the partition 'boot-b', and not 'boot-a'" in capsys.readouterr().err


def test_a_disk_with_two_ways_to_choose_or_none_is_refused(
    pi: Pi, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = update().write(tmp_path / "b", keys)
    (pi.root / "efi/loader/entries").mkdir(parents=True)
    assert run(pi, "apply", bundle) == 13
    assert "holds both" in capsys.readouterr().err
    (pi.root / "efi/loader/entries").rmdir()
    (pi.root / "efi/autoboot.txt").unlink()
    assert run(pi, "apply", bundle) == 13
    assert "holds neither" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"../autoboot.txt": b"x", "config.txt": b""}, "no plain file"),
        ({"/etc/passwd": b"x"}, "no plain file"),
        ({"a/../../b": b"x"}, "no plain file"),
        ({".hidden": b"x"}, "no plain file"),
        ({"VMLINUZ": b"x"}, "is there twice"),
        ({"start4.elf": b"x"}, "lacks config.txt"),
        ({"Start4.elf": b"x", "start4.ELF": b"y"}, "is there twice"),
    ],
)
def test_files_that_do_not_belong_there_are_refused_before_anything_is_written(
    pi: Pi,
    keys: Keys,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, bytes],
    said: str,
) -> None:
    bundle = update(files=files).write(tmp_path / "b", keys)
    before = pi.snapshot()
    assert run(pi, "apply", bundle) == 13
    assert said in capsys.readouterr().err
    assert pi.snapshot() == before


def test_a_link_among_the_files_is_refused(pi: Pi, keys: Keys, tmp_path: Path) -> None:
    recipe = update()
    recipe.files[BOOT] = tar({"config.txt": b""}, tarfile.SYMTYPE)
    with (
        opened(recipe.write(tmp_path / "b", keys), pi.system.key) as bundle,
        pytest.raises(BadBundle, match="no plain file"),
    ):
        more.files(bundle)


def test_a_bundle_without_the_firmware_is_not_for_this_machine(
    pi: Pi, machine: Machine, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(pi, "apply", Recipe(board="rpi4").write(tmp_path / "b", keys)) == 13
    assert "has not the parts" in capsys.readouterr().err
    other = update()
    other.board = "generic-arm64"
    assert run(machine, "apply", other.write(tmp_path / "c", keys)) == 13
    assert "has not the parts" in capsys.readouterr().err
