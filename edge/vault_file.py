"""The vault's file itself: its schema, how it comes into being, and how it is checked at opening.

A new vault is built under another name and linked into place when it is whole. So a file that is
empty or half written is never a vault in the making, it is always damage.
"""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import GalleryError, VaultCorrupt, VaultTooNew

APPLICATION_ID = 0x46476174  # "FGat", in the file's header
SCHEMA_VERSION = 1

_SCHEMA = (
    """CREATE TABLE person(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE CHECK(length(name) BETWEEN 1 AND 64 AND instr(name, '/') = 0),
    key TEXT NOT NULL UNIQUE,
    created REAL NOT NULL
) STRICT""",
    """CREATE TABLE template(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL REFERENCES person(id) ON DELETE CASCADE,
    embedder_sha256 TEXT NOT NULL
        CHECK(length(embedder_sha256) = 64 AND embedder_sha256 NOT GLOB '*[^0-9a-f]*'),
    length INTEGER NOT NULL CHECK(length BETWEEN 16 AND 4096),
    vector BLOB NOT NULL CHECK(length(vector) = 4 * length),
    digest BLOB NOT NULL CHECK(length(digest) = 32),
    created REAL NOT NULL,
    yaw REAL NOT NULL CHECK(abs(yaw) <= 180),
    pitch REAL NOT NULL CHECK(abs(pitch) <= 180),
    roll REAL NOT NULL CHECK(abs(roll) <= 180),
    quality REAL NOT NULL,
    source TEXT NOT NULL CHECK(length(source) <= 256)
) STRICT""",
    "CREATE INDEX template_person ON template(person_id)",
)


def name_key(name: str) -> str:
    """What a name is compared by: without regard to case and to ways of writing a character."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: VaultCorrupt for damage, GalleryError for the rest."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise VaultCorrupt(f"{path}: damaged, or not a vault: {error}") from error
        raise GalleryError(f"{path}: {error}") from error


def prepare(path: Path, *, create: bool) -> None:
    """See to it that the file is there, and is nobody else's to read.

    Raises GalleryError if it is missing and not to be made, or if group or others have rights
    to it or its folder; VaultCorrupt if it is empty or no SQLite file.
    """
    try:
        if create:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                _create(path)
        for place, mode in ((path.parent, "700"), (path, "600")):
            if place.stat().st_mode & 0o077:
                raise GalleryError(
                    f"{place}: others than its owner have access; faces are personal: "
                    f"`chmod {mode} {place}`"
                )
        with path.open("rb") as file:
            magic = file.read(16)
    except FileNotFoundError as error:
        raise GalleryError(f"{path}: there is no gallery; enrol someone first") from error
    except OSError as error:
        raise GalleryError(f"{path}: {error.strerror}") from error
    if magic != b"SQLite format 3\0":
        raise VaultCorrupt(f"{path}: not a vault ({len(magic)} bytes of another header)")


def connect(path: Path, timeout_s: float) -> sqlite3.Connection:
    """A connection to a checked vault. Raises VaultCorrupt, VaultTooNew, GalleryError."""
    with translated(path):
        db = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
        try:
            _configure(db)
            _check(db, path)
            # A process that was killed may have left its log; what was removed may be in it. If
            # someone else is at work the log stays: their next change, or the last close, erases.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except BaseException:
            db.close()
            raise
    return db


def _configure(db: sqlite3.Connection) -> None:
    for setting in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
        db.execute(f"PRAGMA {setting}").fetchone()
    # Sorting must not spill names into a file in /tmp; a hostile schema must run no functions.
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("PRAGMA trusted_schema = OFF")


def _check(db: sqlite3.Connection, path: Path) -> None:
    def pragma(name: str) -> int:
        return int(db.execute(f"PRAGMA {name}").fetchone()[0])

    if pragma("application_id") != APPLICATION_ID:
        raise VaultCorrupt(f"{path}: an SQLite file, but not a face-gate vault")
    version = pragma("user_version")
    if version > SCHEMA_VERSION:
        raise VaultTooNew(
            f"{path}: written by a later face-gate (schema {version}, known {SCHEMA_VERSION}); "
            "update this one"
        )
    stored = {row[0] for row in db.execute("SELECT sql FROM sqlite_schema WHERE sql NOT NULL")}
    stored.discard("CREATE TABLE sqlite_sequence(name,seq)")
    if version != SCHEMA_VERSION or stored != set(_SCHEMA):
        raise VaultCorrupt(f"{path}: its tables are not those of schema {SCHEMA_VERSION}")
    problems = [row[0] for row in db.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
    problems += [f"row {row[1]} of {row[0]}" for row in db.execute("PRAGMA foreign_key_check")]
    if problems:
        raise VaultCorrupt(f"{path}: damaged: {'; '.join(problems)}")


def _create(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with translated(path):
            db = sqlite3.connect(draft, isolation_level=None)
            try:
                # Write-ahead logging is a property of the file, set once.
                if db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                    raise GalleryError(f"{path}: this file system cannot hold a vault (no WAL)")
                db.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA:
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                db.execute("COMMIT")
            finally:
                db.close()  # the last connection: the log is copied into the file and removed
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return  # another process was faster; its vault is as good
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
