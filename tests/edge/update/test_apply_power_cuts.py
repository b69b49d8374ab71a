"""`face-gate-update apply`: where a power cut leaves it, after any call that touches a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.update import apply
from edge.update.bundle import opened
from edge.update.manifest import INITRD, KERNEL
from tests.edge.update.conftest import SLOT_BYTES, Keys, Machine, Recipe, run

TOUCHING = ("write", "fsync", "rename", "unlink", "mkdir", "open", "close", "posix_fadvise")
KILLED = 77


def die_at(step: int) -> None:
    """Make the `step`-th call that touches files the process's last; a write goes half through."""
    left = step

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                if name == "write":
                    real(words[0], bytes(words[1])[: len(words[1]) // 2])
                os._exit(KILLED)
            return real(*words, **more)

        return call

    for name in TOUCHING:
        setattr(os, name, wrapped(name, getattr(os, name)))


def applied(machine: Machine, bundle: Path, die: int | None) -> int:
    """Write the bundle in a process of its own, which dies at that step; returns how it ended."""
    child = os.fork()
    if child == 0:
        try:
            with opened(bundle, machine.system.key) as open_bundle:
                target = apply.check(open_bundle, machine.system, lambda *_: lambda _n: None)
                # A process that dies loses nothing that it wrote; the order has its own test.
                os.fsync = lambda _handle: None
                if die is not None:
                    die_at(die)
                apply.write(open_bundle, target, lambda *_: lambda _n: None)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("idle", ["empty", "kept", "failed"])
def test_killed_at_any_step_the_old_slot_boots_and_the_update_can_be_repeated(
    machine: Machine, recipe: Recipe, keys: Keys, tmp_path: Path, idle: str
) -> None:
    bundle = recipe.write(tmp_path / "b", keys)
    reached = []
    for step in range(1, 200):
        spoil(machine, idle)
        before = machine.snapshot()
        code = applied(machine, bundle, step)
        if code == 0:
            break
        assert code == KILLED
        boots = machine.boots()
        reached.append(boots)
        old = {n: data for n, data in machine.snapshot().items() if "-a" in n or "vda2" in n}
        assert old == {n: data for n, data in before.items() if n in old} != {}
        # The new slot is not even offered before all of it is there.
        if boots == "b":
            assert machine.holds("b", recipe)
        if step % 5 == 0:
            assert applied(machine, bundle, None) == 0
            assert machine.boots() == "b"
            assert machine.holds("b", recipe)
    else:
        raise AssertionError("it never ended")
    assert len(reached) > 25
    assert "b" not in reached[:-5], "only the very last steps may offer the new slot"
    assert machine.boots() == "b"


def spoil(machine: Machine, idle: str) -> None:
    """The idle slot as it may be found: never written, the one before, or a failed trial."""
    for path in (machine.esp / "loader/entries").glob("face-gate-b*"):
        path.unlink()
    (machine.root / "dev/vda3").write_bytes(bytes(SLOT_BYTES))
    for path in (machine.esp / "slot-b").glob("*"):
        path.unlink()
    if idle == "empty":
        return
    machine.entry("face-gate-b.conf" if idle == "kept" else "face-gate-b+0-1.conf", 0, "b")
    for name in (KERNEL, INITRD):
        machine.write(f"efi/slot-b/{name}", f"an older {name}")


def test_nothing_is_offered_before_it_is_on_the_medium(
    machine: Machine,
    recipe: Recipe,
    keys: Keys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that came before its content would be a slot that does not start."""
    machine.entry("face-gate-b.conf", 0, "b")
    events: list[tuple[str, str]] = []

    def noted(name: str, real: Callable[..., Any], of: Callable[..., str]) -> None:
        def call(*words: Any, **more: Any) -> Any:
            events.append((name, of(*words)))
            return real(*words, **more)

        monkeypatch.setattr(os, name, call)

    def by_handle(handle: int, *_: Any) -> str:
        return Path(f"/proc/self/fd/{handle}").readlink().name

    noted("write", os.write, by_handle)
    noted("fsync", os.fsync, by_handle)
    noted("unlink", os.unlink, lambda path, *_: Path(path).name)
    noted("rename", os.rename, lambda _from, to, *_: Path(to).name)
    bundle = recipe.write(tmp_path / "b", keys)
    assert run(machine, "apply", bundle) == 0
    offered = events.index(("rename", "face-gate-b+1.conf"))
    gone = events.index(("unlink", "face-gate-b.conf"))
    assert gone < events.index(("fsync", "entries")) < events.index(("write", "vda3"))
    for name in ("vda3", KERNEL, INITRD):
        last = max(n for n, event in enumerate(events) if event == ("write", name))
        assert last < events.index(("fsync", name)) < offered
    assert events.index(("fsync", "slot-b")) < events.index(("fsync", "efi")) < offered
    assert events.index(("fsync", "face-gate-b.new")) < offered
    # On FAT the new name has no content before the file is flushed under it.
    named = events.index(("fsync", "face-gate-b+1.conf"))
    assert offered < named < len(events) - 1
    assert events[-1] == ("fsync", "entries")
