"""A vault's file that is damaged, foreign, or of another schema is refused, never repaired."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from edge.errors import (
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
