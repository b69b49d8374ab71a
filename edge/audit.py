"""The append-only record of decisions, door events and faults. Never pictures.

A line is on the disk before `append` returns, and the door opens after that: what cannot be
recorded does not happen. Several processes may write; each holds a file lock for one line.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.audit_chain import (
    GENESIS,
    MAX_LINE,
    Verdict,
    decode,
    digest,
    encode,
    rotated_files,
    rotated_name,
    verify,
)
from edge.errors import AuditError

__all__ = ["Audit", "Verdict", "verify"]

log = logging.getLogger(__name__)

MAX_BYTES = 4 * 1024 * 1024  # of one file
KEEP = 8  # full files kept beside the current one


class Audit:
    """The record at one path. Thread safe; close it, or use it as a context manager.

    A line is `{"seq", "prev", "time", "mono", "boot", "kind", "data"}`: number from 0; SHA-256 of
    the line before; UTC wall time; seconds of the monotonic clock, and the kernel's id of the
    boot that they count from; what happened; and its fields.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, keep: int = KEEP) -> None:
        """Open or begin the record, and repair a line torn by a power cut.

        max_bytes: a file that would grow beyond is renamed and a new one begun. keep: how many
        full ones stay, at least 1; the oldest is deleted, and a line says so.

        Raises AuditError if the record cannot be read or written, ValueError for the bounds.
        """
        if max_bytes < 2 * MAX_LINE or keep < 1:
            raise ValueError(f"max_bytes is at least {2 * MAX_LINE}, keep at least 1")
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._thread_lock = threading.Lock()
        self._fd: int | None = None
        self._closed = False
        self._size = 0
        self._seq, self._prev = -1, GENESIS
        with _said(path):
            self._boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock_path = path.with_name(f".{path.name}.lock")
            self._lock_fd = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _give_to_owner(self._lock_fd, path)
        try:
            with self._thread_lock, self._file_lock(), _said(path):
                self._catch_up()
        except BaseException:
            self.close()
            raise

    @property
    def head(self) -> tuple[int, str]:
        """Number and SHA-256 of the last line; (-1, 64 zeros) before the first."""
        with self._thread_lock:
            return self._seq, self._prev

    def append(self, kind: str, /, **fields: Any) -> int:
        """Write one line and wait until the disk has it. Returns its number.

        fields: what JSON can hold, numbers finite; 16 kB in all.

        Raises AuditError if it cannot be written; then nothing was, and the door stays locked.
        """
        with self._thread_lock, self._file_lock(), _said(self._path):
            self._catch_up()
            return self._write(kind, fields)

    def close(self) -> None:
        """Let the files go. Harmless when repeated."""
        with self._thread_lock:
            if not self._closed:
                self._closed = True
                self._drop()
                os.close(self._lock_fd)

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        if self._closed:
            raise AuditError(f"{self._path}: the record was used after it was closed")
        with _said(self._path):
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_fd, fcntl.LOCK_UN)

    def _write(self, kind: str, fields: Mapping[str, Any]) -> int:
        line = self._line(kind, fields)
        if self._size and self._size + len(line) > self._max_bytes:
            self._rotate()
            line = self._line(kind, fields)  # after the rotation's own line
        self._put(line)
        return self._seq

    def _line(self, kind: str, fields: Mapping[str, Any]) -> bytes:
        return encode(
            {
                "seq": self._seq + 1,
                "prev": self._prev,
                "time": datetime.now(UTC).isoformat(timespec="microseconds"),
                "mono": round(time.monotonic(), 6),
                "boot": self._boot,
                "kind": kind,
                "data": dict(fields),
            }
        )

    def _put(self, line: bytes) -> None:
        assert self._fd is not None
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                raise AuditError(f"{self._path}: the disk took {written} of {len(line)} bytes")
            os.fdatasync(self._fd)
        except BaseException:
            # Whatever part of the line is there must not stay. If even that fails, the next
            # writer finds a torn line and sets it aside.
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)
            self._drop()
            raise
        self._size += len(line)
        self._seq += 1
        self._prev = digest(line)

    def _catch_up(self) -> None:
        """Be at the record's end, wherever another process or a power cut has left it."""
        if self._fd is not None:
            ours = os.fstat(self._fd)
            with suppress(FileNotFoundError):
                there = self._path.stat()
                same = (there.st_ino, there.st_dev) == (ours.st_ino, ours.st_dev)
                if same and there.st_size == self._size:
                    return
        remembered = self._seq, self._prev
        self._drop()
        try:
            self._begin()
            self._read_end()
            if self._seq < remembered[0]:
                # Lines that were written are gone. Going on from the one remembered leaves a gap
                # that `verify` shows; going on from what is left would hide it.
                log.error("%s: cut or deleted after line %d", self._path, self._seq)
                self._seq, self._prev = remembered
                self._put(self._line("audit.lost", {}))
        except BaseException:
            # Where the record ends is not known: the next writer has to look again.
            self._drop()
            self._seq, self._prev = remembered
            raise

    def _begin(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._path, flags, 0o600)
        _give_to_owner(self._fd, self._path)
        self._size = os.fstat(self._fd).st_size
        _sync_folder(self._path)

    def _read_end(self) -> None:
        """Take up the chain at the last whole line; set aside what follows it."""
        assert self._fd is not None
        start = max(0, self._size - 3 * MAX_LINE)
        tail = os.pread(self._fd, self._size - start, start)
        lines = _lines(tail)
        torn = b""
        if lines and decode(lines[-1]) is None:
            torn = lines.pop()
        if lines:
            last = decode(lines[-1])
            if last is None:
                raise AuditError(
                    f"{self._path}: damaged before its last line; check it with edge.audit_chain"
                )
            self._seq, self._prev = last["seq"], digest(lines[-1])
        elif start == 0:
            self._read_rotated()
        else:
            raise AuditError(
                f"{self._path}: no whole line near its end; check it with edge.audit_chain"
            )
        if torn:
            self._set_aside(torn)

    def _read_rotated(self) -> None:
        full = rotated_files(self._path)
        if not full:
            self._seq, self._prev = -1, GENESIS
            return
        with full[-1].open("rb") as file:
            lines = _lines(file.read())
        last = decode(lines[-1]) if lines else None
        if last is None:
            raise AuditError(
                f"{full[-1]}: its last line is damaged; check it with edge.audit_chain"
            )
        self._seq, self._prev = last["seq"], digest(lines[-1])

    def _set_aside(self, torn: bytes) -> None:
        """Keep a torn line's bytes in a file of their own, and say in the record that it was."""
        assert self._fd is not None
        name = f"{self._path.stem}-torn-after-{self._seq}-{time.time_ns()}"
        aside = os.open(
            self._path.with_name(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        try:
            if os.write(aside, torn) != len(torn):
                raise AuditError(f"{name}: the disk is full")
            os.fsync(aside)
        except BaseException:
            self._path.with_name(name).unlink()
            raise
        finally:
            os.close(aside)
        _sync_folder(self._path)
        self._size -= len(torn)
        os.ftruncate(self._fd, self._size)
        log.error("%s: its last line was torn; its %d bytes are in %s", self._path, len(torn), name)
        self._put(self._line("audit.torn", {"bytes": len(torn), "kept_in": name}))

    def _rotate(self) -> None:
        full = rotated_name(self._path, self._seq)
        self._path.rename(full)
        self._drop()
        self._begin()
        oldest = rotated_files(self._path)[: -self._keep]
        dropped = [file.name for file in oldest]
        self._put(self._line("audit.rotated", {"full": full.name, "dropped": dropped}))
        for file in oldest:
            file.unlink()

    def _drop(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except AuditError:
        raise
    except OSError as error:
        raise AuditError(f"{path}: cannot be written: {error.strerror or error}") from error


def _lines(content: bytes) -> list[bytes]:
    """Lines with their newlines. (`splitlines` would also split at a carriage return.)"""
    *whole, rest = content.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


def _give_to_owner(handle: int, path: Path) -> None:
    """What root has made is the folder owner's: the daemon must be able to go on with it."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(handle, folder.st_uid, folder.st_gid)


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
