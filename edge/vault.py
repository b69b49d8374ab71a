"""How people and templates rest on disk: one SQLite file, `gallery.db`, in the state directory.

Write-ahead logging, so that the daemon reads while an enrolment writes and neither waits for the
other; `synchronous=FULL`, so that a commit outlives a power cut. Deleting deletes: freed cells
are overwritten with zeros (`secure_delete`), and after each change the log is copied into the
file and cut to nothing, so that no file here still holds what was removed. (What the flash
chip keeps in blocks it no longer maps is beyond a program's reach; encrypt the partition.)
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from edge import vault_file
from edge.errors import (
    BadTemplate,
    GalleryError,
    PersonExists,
    PersonNotFound,
    VaultCorrupt,
)
from edge.gallery import Person, Template, clean_name

FILE_NAME = "gallery.db"
_TEMPLATE_COLUMNS = "vector, digest, embedder_sha256, created, yaw, pitch, roll, quality, source"


class Vault:
    """The enrolled people, on disk. Thread safe; close it, or use it as a context manager.

    Every change is one transaction: after a crash at any moment it has happened wholly or not at
    all. Names are compared without regard to case and kept as written.
    """

    def __init__(self, state_dir: Path, *, create: bool = True, timeout_s: float = 5.0) -> None:
        """Open `state_dir/gallery.db`; make both (modes 0700, 0600) if missing and `create`.

        timeout_s: seconds to wait for another process that is writing.

        Raises VaultCorrupt if the file is damaged or not ours, VaultTooNew if a later face-gate
        wrote it, GalleryError if it is missing, cannot be read, or others than the owner may
        read it.
        """
        self.path = state_dir / FILE_NAME
        self._lock = threading.RLock()
        self._own_changes = 0
        vault_file.prepare(self.path, create=create)
        self._db = vault_file.connect(self.path, timeout_s)

    def people(self) -> tuple[Person, ...]:
        """Everyone, sorted by name. Raises VaultCorrupt if a stored template is damaged."""
        with self._reading() as db:
            found = db.execute("SELECT id, name, created FROM person ORDER BY key").fetchall()
            return tuple(self._person(db, *row) for row in found)

    def person(self, name: str) -> Person:
        """The one of that name. Raises PersonNotFound, BadName, VaultCorrupt."""
        with self._reading() as db:
            row = db.execute(
                "SELECT id, name, created FROM person WHERE key = ?", (_key(name),)
            ).fetchone()
            if row is None:
                raise _nobody(name)
            return self._person(db, *row)

    def add(self, name: str, templates: Sequence[Template]) -> Person:
        """Enrol someone new. Returns them as stored.

        Raises PersonExists if the name is taken, BadName, BadTemplate if there is no template.
        """
        clean = clean_name(name)
        with self._writing(erases=False) as db:
            created = time.time()
            try:
                cursor = db.execute(
                    "INSERT INTO person(name, key, created) VALUES (?, ?, ?)",
                    (clean, _key(clean), created),
                )
            except sqlite3.IntegrityError as error:
                raise PersonExists(f"{clean!r} is enrolled already") from error
            self._insert(db, int(cursor.lastrowid or 0), templates)
        return Person(clean, tuple(templates), created)

    def replace(self, name: str, templates: Sequence[Template]) -> None:
        """Put these templates in the place of a person's present ones.

        Raises PersonNotFound, BadName, BadTemplate if there is no template; GalleryError as for
        `remove`.
        """
        with self._writing(erases=True) as db:
            person_id = self._id(db, name)
            db.execute("DELETE FROM template WHERE person_id = ?", (person_id,))
            self._insert(db, person_id, templates)

    def remove(self, name: str) -> None:
        """Delete a person and all their templates, from the disk's files too.

        Raises PersonNotFound, BadName; GalleryError if the person is gone but a reader kept the
        log from being erased: it is then erased by the next change or opening.
        """
        with self._writing(erases=True) as db:
            db.execute("DELETE FROM person WHERE id = ?", (self._id(db, name),))

    def rename(self, old: str, new: str) -> None:
        """Give a person another name.

        Raises PersonNotFound, PersonExists, BadName; GalleryError as for `remove`.
        """
        clean = clean_name(new)
        with self._writing(erases=True) as db:
            person_id = self._id(db, old)
            try:
                db.execute(
                    "UPDATE person SET name = ?, key = ? WHERE id = ?",
                    (clean, _key(clean), person_id),
                )
            except sqlite3.IntegrityError as error:
                raise PersonExists(f"{clean!r} is enrolled already") from error

    def version(self) -> tuple[int, int]:
        """A value that differs after any change, by this object or by another process."""
        with self._lock, vault_file.translated(self.path):
            (elsewhere,) = self._db.execute("PRAGMA data_version").fetchone()
            return int(elsewhere), self._own_changes

    def close(self) -> None:
        """Let the file go. Harmless when repeated."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, vault_file.translated(self.path):
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.execute("ROLLBACK")

    @contextmanager
    def _writing(self, *, erases: bool) -> Iterator[sqlite3.Connection]:
        with self._lock, vault_file.translated(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._own_changes += 1
            busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy and erases:
                raise GalleryError(
                    f"{self.path}: the change is stored, but another program reads the gallery "
                    "and keeps its log from being erased; what was removed may still be in it"
                )

    @staticmethod
    def _id(db: sqlite3.Connection, name: str) -> int:
        row = db.execute("SELECT id FROM person WHERE key = ?", (_key(name),)).fetchone()
        if row is None:
            raise _nobody(name)
        return int(row[0])

    @staticmethod
    def _insert(db: sqlite3.Connection, person_id: int, templates: Sequence[Template]) -> None:
        if not templates:
            raise BadTemplate("a person needs at least one template")
        for t in templates:
            blob = t.vector.astype("<f4").tobytes()
            db.execute(
                f"INSERT INTO template(person_id, length, {_TEMPLATE_COLUMNS}) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    person_id,
                    t.vector.size,
                    blob,
                    hashlib.sha256(blob).digest(),
                    t.embedder_sha256,
                    t.created,
                    t.yaw,
                    t.pitch,
                    t.roll,
                    t.quality,
                    t.source,
                ),
            )

    def _person(self, db: sqlite3.Connection, key: int, name: str, created: float) -> Person:
        rows = db.execute(
            f"SELECT {_TEMPLATE_COLUMNS} FROM template WHERE person_id = ? ORDER BY id", (key,)
        ).fetchall()
        templates = []
        for blob, digest, *about in rows:
            # SQLite finds damage to its own structure, not to the values that it stores.
            if hashlib.sha256(blob).digest() != digest:
                raise VaultCorrupt(f"{self.path}: a template of {name!r} is damaged; enrol again")
            vector = np.frombuffer(blob, "<f4").astype(np.float32)
            try:
                templates.append(Template(vector, *about))
            except BadTemplate as error:
                raise VaultCorrupt(f"{self.path}: a template of {name!r}: {error}") from error
        if not templates:
            raise VaultCorrupt(f"{self.path}: {name!r} has no template")
        return Person(name, tuple(templates), created)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _key(name: str) -> str:
    return vault_file.name_key(clean_name(name))


def _nobody(name: str) -> PersonNotFound:
    return PersonNotFound(f"nobody named {name!r} is enrolled")
