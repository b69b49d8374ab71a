"""`face-gate-update apply`: what it writes and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.update import apply
from edge.update.__main__ import main
from edge.update.entries import SystemdBoot
from edge.update.manifest import ROOT
from tests.edge.update.conftest import RUNNING, SLOT_BYTES, Keys, Machine, Recipe, run


def test_the_next_boot_tries_the_new_slot_and_then_the_old_one(
    machine: Machine, recipe: Recipe, keys: Keys, tmp_path: Path
) -> None:
    assert machine.boots() == "a"
    before = machine.snapshot()
    assert run(machine, "apply", recipe.write(tmp_path / "b", keys)) == 0
    assert machine.holds("b", recipe)
    assert machine.boots() == "b"
    path = machine.esp / "loader/entries/face-gate-b+1.conf"
    assert "root=PARTLABEL=root-b" in path.read_text()
    # The loader counts, the system does not bless: the old one is next.
    path.rename(path.with_name("face-gate-b+0-1.conf"))
    assert machine.boots() == "a"
    after = machine.snapshot()
    assert {n: after[n] for n in before if "vda3" not in n} == {
        n: before[n] for n in before if "vda3" not in n
    }


def test_a_kept_update_stays_and_the_next_goes_to_the_other_slot(
    machine: Machine, recipe: Recipe, keys: Keys, tmp_path: Path
) -> None:
    assert run(machine, "apply", recipe.write(tmp_path / "b", keys)) == 0
    folder = machine.esp / "loader/entries"
    (folder / "face-gate-b+1.conf").rename(folder / "face-gate-b.conf")
    assert machine.boots() == "b"
    machine.mounted({"/": "254:3", "/efi": "254:1"})
    later = Recipe(version="0.1.0+12")
    assert run(machine, "apply", later.write(tmp_path / "c", keys)) == 0
    assert machine.boots() == "a"
    assert [(e.slot, e.left, e.generation) for e in SystemdBoot(machine.system).read()] == [
        ("a", 1, 3),
        ("b", None, 2),
    ]


def test_an_entry_that_the_power_left_empty_is_none_and_is_cleared_away(
    machine: Machine, recipe: Recipe, keys: Keys, tmp_path: Path
) -> None:
    path = machine.write("efi/loader/entries/face-gate-b+1.conf", "")
    loader = SystemdBoot(machine.system)
    assert [entry.slot for entry in loader.read()] == ["a"]
    loader.retire("b")
    assert not path.exists()
    machine.write("efi/loader/entries/face-gate-b+0-1.conf", "")
    assert run(machine, "apply", recipe.write(tmp_path / "b", keys)) == 0
    assert [(e.slot, e.left) for e in loader.read()] == [("b", 1), ("a", None)]
    assert len(list((machine.esp / "loader/entries").iterdir())) == 2


def test_check_writes_nothing(machine: Machine, recipe: Recipe, keys: Keys, tmp_path: Path) -> None:
    before = machine.snapshot()
    assert run(machine, "check", recipe.write(tmp_path / "b", keys)) == 0
    assert machine.snapshot() == before


def _board(recipe: Recipe, _machine: Machine) -> None:
    recipe.board = "rpi5"


def _older(recipe: Recipe, _machine: Machine) -> None:
    recipe.version = "0.1.0+9"


def _same(recipe: Recipe, _machine: Machine) -> None:
    recipe.version = RUNNING


def _large(recipe: Recipe, _machine: Machine) -> None:
    recipe.files[ROOT] = bytes(SLOT_BYTES + 1)


def _two_media(_recipe: Recipe, machine: Machine) -> None:
    disk = machine.root / "sys/devices/usb0/block/sda"
    machine.partition(disk / "sda1", "esp", 1, major=8)
    machine.mounted({"/": "254:2", "/efi": "8:1"})


def _trial(_recipe: Recipe, machine: Machine) -> None:
    path = machine.esp / "loader/entries/face-gate-a.conf"
    path.rename(path.with_name("face-gate-a+0-1.conf"))


def _no_key(_recipe: Recipe, machine: Machine) -> None:
    machine.system.key.unlink()


def _no_image(_recipe: Recipe, machine: Machine) -> None:
    machine.mounted({"/": "254:4", "/efi": "254:1"})


def _overlay(_recipe: Recipe, machine: Machine) -> None:
    machine.mounted({"/": "0:30", "/efi": "254:1"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_board, "is for the board rpi5, and this is a generic-arm64"),
        (_older, "0.1.0+9 is not newer than 0.1.0+10, which runs"),
        (_same, "0.1.0+10 is not newer than 0.1.0+10"),
        (_large, f"its root has {SLOT_BYTES + 1} bytes, slot b {SLOT_BYTES}"),
        (_two_media, "is another disk's than the system's"),
        (_trial, "slot a, which runs, is on trial itself"),
        (_no_key, "takes no updates"),
        (_no_image, "which is no slot"),
        (_overlay, "is not a partition of a disk"),
    ],
)
def test_what_is_refused_leaves_everything_as_it_was(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Recipe, Machine], None],
    said: str,
) -> None:
    change(recipe, machine)
    bundle = recipe.write(tmp_path / "b", keys)
    before = machine.snapshot()
    assert run(machine, "apply", bundle) == 13
    assert said in capsys.readouterr().err
    assert machine.snapshot() == before


def test_a_full_boot_partition_is_noticed_before_anything_is_written(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = os.statvfs(machine.esp)

    class Full:
        f_bavail, f_frsize = 100, real.f_frsize

    monkeypatch.setattr(apply.os, "statvfs", lambda _path: Full())
    before = machine.snapshot()
    assert run(machine, "apply", recipe.write(tmp_path / "b", keys)) == 13
    assert "kernel and initrd need" in capsys.readouterr().err
    assert machine.snapshot() == before


def test_an_older_version_needs_a_person_who_types_it(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe.version = "0.1.0+9"
    bundle = recipe.write(tmp_path / "b", keys)
    before = machine.snapshot()
    assert run(machine, "apply", bundle, "--allow-downgrade") == 13
    assert "needs a person at a terminal" in capsys.readouterr().err

    class Terminal:
        typed = "yes\n"

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.typed

    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(machine, "apply", bundle, "--allow-downgrade") == 13
    assert machine.snapshot() == before
    Terminal.typed = "0.1.0+9\n"
    assert run(machine, "apply", bundle, "--allow-downgrade") == 0
    assert machine.boots() == "b"


def test_two_at_a_time_are_one_too_many(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with apply.alone(machine.system):
        assert run(machine, "apply", recipe.write(tmp_path / "b", keys)) == 13
    assert "another update is being written" in capsys.readouterr().err


def test_a_medium_that_forgets_is_found_by_reading_back(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = os.fsync

    def forgets(handle: int) -> None:
        real(handle)
        if Path(f"/proc/self/fd/{handle}").readlink().name == "vda3":
            os.pwrite(handle, b"\xff", 123456)

    monkeypatch.setattr(apply.os, "fsync", forgets)
    assert run(machine, "apply", recipe.write(tmp_path / "b", keys)) == 13
    assert "reads back differently" in capsys.readouterr().err
    assert machine.boots() == "a"
    assert [e.slot for e in SystemdBoot(machine.system).read()] == ["a"]


def test_status(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(machine, "apply", recipe.write(tmp_path / "b", keys)) == 0
    capsys.readouterr()
    assert main(["status", "--json", "--root", str(machine.root)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["running"], said["idle"], said["version"]) == ("a", "b", RUNNING)
    assert [(s["slot"], s["state"]) for s in said["slots"]] == [
        ("b", "next boot tries it"),
        ("a", "kept"),
    ]
    assert said["on_trial"] is False
    assert main(["status", "--root", str(machine.root)]) == 0
    assert "slot b  next boot tries it" in capsys.readouterr().out


def test_apply_starts_the_machine_again_unless_told_not_to(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = tmp_path / "log"
    program = tmp_path / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>{log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    bundle = recipe.write(tmp_path / "b", keys)
    assert main(["apply", str(bundle), "--root", str(machine.root)]) == 0
    assert log.read_text() == "reboot\n"
    assert run(machine, "apply", bundle) == 0
    assert log.read_text() == "reboot\n"


def test_the_command_does_not_wait_for_networks_and_pictures_to_load() -> None:
    """On a board each of these takes seconds, and none has to do with updates."""
    code = (
        "import sys, edge.update.__main__; "
        "print(*{'cv2', 'onnxruntime', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
