"""The vault on a real disk: what survives a kill, what a removal leaves behind, what is refused."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
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
    VaultCorrupt,
    VaultTooNew,
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


# Damage ---------------------------------------------------------------------------------------


def filled(state: Path) -> Path:
    with Vault(state) as vault:
        for i in range(20):
            vault.add(f"person {i}", [template(10 * i + j) for j in range(5)])
        return vault.path


@pytest.mark.parametrize("keep", [0, 10, 100, 4096, 4097, 20_000])
def test_a_truncated_file_is_corrupt(state: Path, keep: int) -> None:
    path = filled(state)
    assert path.stat().st_size > 20_000
    os.truncate(path, keep)
    with pytest.raises(VaultCorrupt):
        Vault(state)


def test_a_damaged_page_is_corrupt(state: Path) -> None:
    path = filled(state)
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        damaged = content.copy()
        damaged[page * 4096 : page * 4096 + 8] = b"\xff" * 8
        path.write_bytes(damaged)
        with pytest.raises(VaultCorrupt):
            Vault(state).people()


def test_one_flipped_bit_in_a_vector_is_corrupt(state: Path) -> None:
    path = filled(state)
    content = bytearray(path.read_bytes())
    where = content.index(template(73).vector.tobytes())
    content[where + 200] ^= 1
    path.write_bytes(content)
    with Vault(state) as vault, pytest.raises(VaultCorrupt, match="person 7"):
        vault.people()


@pytest.mark.parametrize("content", [b"PK\3\4" + bytes(5000), b"not a data base" * 400])
def test_a_file_of_another_kind_is_refused(state: Path, content: bytes) -> None:
    state.mkdir(mode=0o700)
    path = state / "gallery.db"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(VaultCorrupt, match="not a vault"):
        Vault(state)
    assert path.read_bytes() == content


def change(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_a_data_base_of_another_program_is_refused(state: Path) -> None:
    state.mkdir(mode=0o700)
    path = state / "gallery.db"
    change(path, "CREATE TABLE person(id)")
    path.chmod(0o600)
    with pytest.raises(VaultCorrupt, match="not a face-gate vault"):
        Vault(state)


def test_a_later_schema_is_refused_as_such(state: Path) -> None:
    change(filled(state), "PRAGMA user_version = 2")
    with pytest.raises(VaultTooNew, match="schema 2, known 1"):
        Vault(state)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX template_person",
        "CREATE TRIGGER t AFTER INSERT ON person BEGIN DELETE FROM template; END",
        "PRAGMA user_version = 0",
    ],
)
def test_other_tables_than_the_schemas_are_refused(state: Path, statement: str) -> None:
    change(filled(state), statement)
    with pytest.raises(VaultCorrupt, match="tables"):
        Vault(state)


def test_rows_that_belong_to_nobody_are_refused(state: Path) -> None:
    change(filled(state), "PRAGMA foreign_keys = OFF", "DELETE FROM person WHERE id = 3")
    with pytest.raises(VaultCorrupt, match="damaged"):
        Vault(state)


@pytest.mark.parametrize(
    "assignment",
    [
        "vector = x'00'",
        "length = 3",
        "embedder_sha256 = 'x'",
        "yaw = 181",
        "quality = NULL",
        "person_id = 999",
        "digest = 'text'",
    ],
)
def test_the_file_itself_refuses_nonsense(state: Path, assignment: str) -> None:
    path = filled(state)
    with pytest.raises(sqlite3.IntegrityError):
        change(path, "PRAGMA foreign_keys = ON", f"UPDATE template SET {assignment} WHERE id = 1")


# Other processes, and being killed ------------------------------------------------------------

CHILD = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    import numpy as np
    from edge.gallery import Template
    from edge.vault import Vault

    def templates(seed):
        rng = np.random.default_rng(seed)
        return [Template(rng.standard_normal(512).astype(np.float32), "ab" * 32, 0.0,
                         0.0, 0.0, 0.0, 1.0, str(seed)) for _ in range(8)]

    def enrol(state, die_at, said):
        vault = Vault(Path(state))
        count = 0

        def statement(text):
            nonlocal count
            count += 1
            if count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        vault._db.set_trace_callback(statement)
        print("ready", file=said, flush=True)
        for i in range(100000):
            vault.add(f"new {i}", templates(i))
            print(f"added {i}", file=said, flush=True)
            if i % 3 == 2:
                vault.replace(f"new {i - 1}", templates(i + 1000000))
                vault.remove(f"new {i - 2}")
                print(f"removed {i - 2}", file=said, flush=True)

    if len(sys.argv) == 2:
        enrol(sys.argv[1], 0, sys.stdout)
    for argument in sys.argv[2:]:  # one process for each statement to die at; one import for all
        pid = os.fork()
        if pid == 0:
            with open(f"{sys.argv[1]}/{argument}.said", "w") as said:
                enrol(f"{sys.argv[1]}/{argument}", int(argument), said)
        status = os.waitpid(pid, 0)[1]
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    """
)


def child(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_after_kill(state: Path, said: list[str], old: bytes) -> None:
    """What was there before is there; what was reported done is done; nothing is half there."""
    with Vault(state) as vault:
        people = {p.name: p for p in vault.people()}
    assert people.pop("Old").templates[0].vector.tobytes() == old
    for name, person in people.items():
        assert len(person.templates) == 8, name
        assert len({t.source for t in person.templates}) == 1, name  # old or new, never mixed
    added = {int(line.split()[1]) for line in said if line.startswith("added")}
    removed = {int(line.split()[1]) for line in said if line.startswith("removed")}
    present = {int(name.split()[1]) for name in people}
    last = max(added, default=-1)
    # The one in progress may be there or not; removals follow three behind.
    assert present <= added | {last + 1}
    assert added - removed - present <= {last - 2}


def test_killed_between_any_two_statements(tmp_path: Path) -> None:
    moments = [str(n) for n in range(1, 70)]  # one round of three additions, a change, a removal
    for moment in moments:
        with Vault(tmp_path / moment) as vault:
            vault.add("Old", [template(1)])
    process = child(str(tmp_path), *moments)
    process.communicate(timeout=120)
    assert process.returncode == 0
    ends = set()
    for moment in moments:
        said = (tmp_path / f"{moment}.said").read_text().splitlines()
        check_after_kill(tmp_path / moment, said, template(1).vector.tobytes())
        ends.add(said[-1])
    assert {"ready", "added 0", "added 1", "added 2", "removed 0"} <= ends


def test_killed_at_random_moments(state: Path) -> None:
    rng = np.random.default_rng()
    with Vault(state) as vault:
        vault.add("Old", [template(1)])
    total = 0
    for _ in range(12):
        process = child(str(state))
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(float(rng.uniform(0, 0.15)))
        process.kill()
        said = process.stdout.read().splitlines()
        process.wait(10)
        check_after_kill(state, said, template(1).vector.tobytes())
        total += len(said)
        with Vault(state) as vault:
            for person in vault.people():
                if person.name != "Old":
                    vault.remove(person.name)
    assert total > 0, "no kill hit a process that had stored anything"


def test_reading_goes_on_while_another_process_writes(state: Path) -> None:
    with Vault(state) as vault:
        vault.add("Old", [template(1)])
        process = child(str(state))
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            drain = threading.Thread(target=process.stdout.read)
            drain.start()
            versions, longest, end = set(), 0.0, time.monotonic() + 1.0
            while time.monotonic() < end:
                start = time.monotonic()
                people = vault.people()
                longest = max(longest, time.monotonic() - start)
                versions.add(vault.version())
                assert "Old" in {p.name for p in people}
                assert all(len(p.templates) == 8 for p in people if p.name != "Old")
        finally:
            process.kill()
            process.wait(10)
            drain.join()
    assert len(versions) > 2, "nothing was written meanwhile"
    assert longest < 2.0


def test_a_reader_is_not_held_up_by_an_open_write(state: Path) -> None:
    with Vault(state, timeout_s=0.2) as vault:
        vault.add("Ada", [template(1)])
        writer = sqlite3.connect(vault.path, isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("UPDATE person SET created = 0")
        assert vault.person("Ada").created > 0
        with pytest.raises(GalleryError, match="locked"):
            vault.add("Bob", [template(2)])
        writer.execute("ROLLBACK")
        writer.close()
        vault.add("Bob", [template(2)])


def test_two_processes_that_make_the_vault_at_once_get_the_same(state: Path) -> None:
    code = "import sys; from pathlib import Path; from edge.vault import Vault; "
    code += "Vault(Path(sys.argv[1])).close()"
    for attempt in range(3):
        folder = state / str(attempt)
        processes = [subprocess.Popen([sys.executable, "-c", code, str(folder)]) for _ in range(4)]
        assert [p.wait(60) for p in processes] == [0] * 4
        assert [p.name for p in folder.iterdir()] == ["gallery.db"]
