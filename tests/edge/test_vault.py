"""The vault on a real disk: what survives a kill, what a removal leaves behind, what is refused."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from edge.errors import (
    BadName,
    BadTemplate,
    GalleryError,
    PersonExists,
    PersonNotFound,
)
from edge.gallery import Template
from edge.vault import Vault

SHA = "ab" * 32


def template(seed: int, length: int = 128, source: str = "a.jpg") -> Template:
    vector = np.random.default_rng(seed).standard_normal(length).astype(np.float32)
    return Template(vector, SHA, 1.7e9 + seed, 1.5, -2.5, 0.25, 0.75, source)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_what_is_added_is_read_back_bit_for_bit(state: Path) -> None:
    with Vault(state) as vault:
        vault.add("Ada", [template(1), template(2, source="b.jpg")])
        vault.add("Bob", [template(3, length=512)])
    with Vault(state) as vault:
        people = vault.people()
        assert [p.name for p in people] == ["Ada", "Bob"]
        assert abs(people[0].created - time.time()) < 60
        for stored, given in zip(people[0].templates, [template(1), template(2)], strict=True):
            assert stored.vector.dtype == np.float32
            assert stored.vector.tobytes() == given.vector.tobytes()
            assert stored.embedder_sha256 == SHA and stored.created == given.created
            assert (stored.yaw, stored.pitch, stored.roll, stored.quality) == (
                1.5,
                -2.5,
                0.25,
                0.75,
            )
        assert [t.source for t in people[0].templates] == ["a.jpg", "b.jpg"]
        assert vault.person("Bob").templates[0].vector.size == 512


def test_files_are_the_owners_alone(state: Path) -> None:
    old = os.umask(0)
    try:
        with Vault(state) as vault:
            vault.add("Ada", [template(1)])
            reader = sqlite3.connect(vault.path)  # keeps the log and its index in being
            reader.execute("SELECT count(*) FROM person").fetchone()
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in state.iterdir()}
            reader.close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert set(modes) == {"gallery.db", "gallery.db-wal", "gallery.db-shm"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("which", ["folder", "file"])
def test_a_vault_that_others_may_read_is_refused(state: Path, which: str) -> None:
    Vault(state).close()
    place, mode = (state, 0o750) if which == "folder" else (state / "gallery.db", 0o640)
    place.chmod(mode)
    with pytest.raises(GalleryError, match="chmod"):
        Vault(state)


def test_a_missing_vault_is_made_only_when_asked(state: Path) -> None:
    with pytest.raises(GalleryError, match="no gallery"):
        Vault(state, create=False)
    assert not state.exists()
    with Vault(state) as vault:
        assert vault.people() == ()
    assert [p.name for p in state.iterdir()] == ["gallery.db"]  # no draft, no log left


def test_names_are_unique_whatever_their_case_and_kept_as_written(state: Path) -> None:
    with Vault(state) as vault:
        vault.add("Zoe\u0308", [template(1)])  # e and a combining diaeresis
        for same in ("Zoë", "ZOË", "zoë", "\uff3aoë"):
            with pytest.raises(PersonExists):
                vault.add(same, [template(2)])
        assert vault.person("zoë").name == "Zoë"
        vault.rename("ZOË", "zoë")
        assert [p.name for p in vault.people()] == ["zoë"]


@pytest.mark.parametrize(
    "name",
    ["", " ", " Ada", "Ada ", "a/b", "a\\b", "a\nb", "a\0b", ".", "..", "x" * 65, "a\u202eb"],
)
def test_bad_names_are_refused(state: Path, name: str) -> None:
    with Vault(state) as vault:
        vault.add("Ada", [template(1)])
        with pytest.raises(BadName):
            vault.add(name, [template(1)])
        with pytest.raises(BadName):
            vault.rename("Ada", name)
        assert len(vault.people()) == 1


def test_replace_rename_remove(state: Path) -> None:
    with Vault(state) as vault:
        vault.add("Ada", [template(1), template(2)])
        vault.add("Bob", [template(3)])
        vault.replace("ada", [template(4)])
        (only,) = vault.person("Ada").templates
        assert only.vector.tobytes() == template(4).vector.tobytes()
        with pytest.raises(PersonExists):
            vault.rename("Ada", "bob")
        vault.rename("Ada", "Ada L.")
        vault.remove("Bob")
        assert [p.name for p in vault.people()] == ["Ada L."]
        for call in (
            lambda: vault.remove("Bob"),
            lambda: vault.person("Bob"),
            lambda: vault.rename("Bob", "Rob"),
            lambda: vault.replace("Bob", [template(1)]),
        ):
            with pytest.raises(PersonNotFound):
                call()


def test_a_person_without_templates_is_refused_and_nothing_changes(state: Path) -> None:
    with Vault(state) as vault:
        with pytest.raises(BadTemplate):
            vault.add("Ada", [])
        assert vault.people() == ()
        vault.add("Ada", [template(1)])
        with pytest.raises(BadTemplate):
            vault.replace("Ada", [])
        assert len(vault.person("Ada").templates) == 1


def test_version_changes_with_own_and_others_changes_only(state: Path) -> None:
    with Vault(state) as ours, Vault(state) as theirs:
        seen = [ours.version()]
        ours.people()
        assert ours.version() == seen[0]
        theirs.add("Ada", [template(1)])
        seen.append(ours.version())
        ours.add("Bob", [template(2)])
        seen.append(ours.version())
        theirs.rename("Bob", "Rob")
        seen.append(ours.version())
        assert len(set(seen)) == 4
        assert ours.version() == seen[-1]


# Deletion deletes -----------------------------------------------------------------------------


def traces(state: Path, needle: bytes) -> list[str]:
    """The files that hold any 16-byte piece of `needle`."""
    pieces = [needle[i : i + 16] for i in range(0, len(needle) - 15, 16)]
    found = []
    for path in state.iterdir():
        content = path.read_bytes()
        if any(piece in content for piece in pieces):
            found.append(path.name)
    return found


@pytest.mark.parametrize("length", [128, 512, 2048])  # the last spills into overflow pages
@pytest.mark.parametrize("how", ["remove", "replace"])
def test_a_removed_vector_is_gone_from_every_file(state: Path, how: str, length: int) -> None:
    with Vault(state) as vault, Vault(state) as daemon:
        seed = iter(range(10_000))
        kept = {f"kept {i}": template(next(seed), length) for i in range(8)}
        for name, value in kept.items():
            vault.add(name, [value])
        doomed = [template(next(seed), length) for _ in range(20)]
        vault.add("Bartholomew", doomed)
        daemon.people()
        assert all(traces(state, t.vector.tobytes()) for t in doomed)
        if how == "remove":
            vault.remove("Bartholomew")
            assert not any(b"artholomew" in p.read_bytes() for p in state.iterdir())
        else:
            vault.replace("Bartholomew", [template(next(seed), length)])
        # Both are still open: it must be gone now, not when the last one closes.
        assert [traces(state, t.vector.tobytes()) for t in doomed] == [[]] * 20
        for value in kept.values():
            assert traces(state, value.vector.tobytes()) == ["gallery.db"]


def test_many_removals_in_any_order_leave_no_trace(state: Path) -> None:
    # Pages are split and merged all the time here: stale copies would stay behind.
    rng = np.random.default_rng(5)
    alive: dict[str, list[Template]] = {}
    gone: list[bytes] = []
    with Vault(state) as vault:
        for step in range(150):
            if alive and rng.random() < 0.5:
                name = str(rng.choice(sorted(alive)))
                gone += [t.vector.tobytes() for t in alive.pop(name)]
                vault.remove(name)
            else:
                name = f"person {step}"
                count = int(rng.integers(1, 6))
                alive[name] = [template(1000 * step + i, 128) for i in range(count)]
                vault.add(name, alive[name])
        assert len(gone) > 50
        content = b"".join(p.read_bytes() for p in state.iterdir())
    assert not any(v[i : i + 16] in content for v in gone for i in range(0, 512, 16))


def test_a_reader_that_keeps_the_log_from_being_erased_is_said(state: Path) -> None:
    with Vault(state, timeout_s=0.1) as vault:
        vault.add("Ada", [template(1)])
        reader = sqlite3.connect(vault.path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM template").fetchone()
        with pytest.raises(GalleryError, match="may still be in it"):
            vault.remove("Ada")
        assert vault.people() == ()  # it happened all the same
        reader.close()
        vault.add("Bob", [template(2)])
        assert traces(state, template(1).vector.tobytes()) == []
