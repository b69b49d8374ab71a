"""The form of the record: one JSON object a line, each holding the SHA-256 of the line before.

So nobody can change, add, swap or take out a line without rewriting all that follow; `verify`
finds the first place that does not fit. What a chain cannot show by itself is that its *end* was
cut off, or that all of it was rewritten: compare `Audit.head`, which the daemon logs elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import AuditError

GENESIS = "0" * 64  # what the very first line holds in place of a hash
MAX_LINE = 16 * 1024  # bytes, with the newline; a decision with all its gates takes about 1 kB
# The record says who came and why the door opened, not what they look like.
_NEVER = frozenset({"age", "gender", "sex", "race", "image", "crop", "vector", "embedding"})
_ROTATED = re.compile(r"-(\d{12})$")


def encode(record: dict[str, Any]) -> bytes:
    """One line, newline included. Raises AuditError if the record cannot be written as one."""
    _refuse_personal(str(record.get("kind")), record.get("data"))
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        line = text.encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise AuditError(f"{record.get('kind')}: cannot be recorded: {error}") from error
    if len(line) > MAX_LINE:
        raise AuditError(f"{record.get('kind')}: {len(line)} bytes, a line has at most {MAX_LINE}")
    return line


def _refuse_personal(kind: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if str(name).lower() in _NEVER:
                raise AuditError(f"{kind}: {name!r} has no place in the record")
            _refuse_personal(kind, inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _refuse_personal(kind, inner)


def decode(line: bytes) -> dict[str, Any] | None:
    """The record in a line (with its newline); None if the line is not a whole record."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    seq, prev = record.get("seq"), record.get("prev")
    return record if type(seq) is int and seq >= 0 and isinstance(prev, str) else None


def digest(line: bytes) -> str:
    """What the next line holds of this one: 64 hex digits."""
    return hashlib.sha256(line).hexdigest()


def rotated_name(path: Path, last_seq: int) -> Path:
    """What a full file is renamed to, by its last line's number: `audit-000000000123.jsonl`."""
    return path.with_name(f"{path.stem}-{last_seq:012d}{path.suffix}")


def rotated_files(path: Path) -> list[Path]:
    """The full files that belong to the record at `path`, oldest first."""
    found = path.parent.glob(f"{path.stem}-*{path.suffix}")
    return sorted(
        p for p in found if _ROTATED.search(p.stem) and len(p.stem) == len(path.stem) + 13
    )


@dataclass(frozen=True, slots=True)
class Broken:
    """The first line that does not fit: its file, its number there (from 1), and why."""

    file: Path
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """lines: how many fit, in all files. broken: the first that does not; None if all do.

    head: number and hash of the last line that fits; None if there is no line.
    """

    lines: int
    broken: Broken | None
    head: tuple[int, str] | None


def verify(path: Path) -> Verdict:
    """Check the whole record at `path` (`audit.jsonl`), rotated files first.

    Files dropped by rotation are the oldest, so with full files about, the first line found may
    point to one that is gone; everything after it must fit. Raises AuditError if a file cannot
    be read.
    """
    count = 0
    head: tuple[int, str] | None = None
    full = rotated_files(path)
    for file in [*full, *([path] if path.exists() else [])]:
        try:
            with file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    reason = _misfit(line, head, anchored=bool(full))
                    if reason is not None:
                        return Verdict(count, Broken(file, number, reason), head)
                    record = decode(line)
                    assert record is not None
                    head = (record["seq"], digest(line))
                    count += 1
        except OSError as error:
            raise AuditError(f"{file}: cannot be read: {error.strerror}") from error
    return Verdict(count, None, head)


def _misfit(line: bytes, head: tuple[int, str] | None, *, anchored: bool) -> str | None:
    if not line.endswith(b"\n"):
        return "torn: the line has no end"
    record = decode(line)
    if record is None:
        return "not a record"
    seq, prev = record["seq"], record["prev"]
    if head is None:
        if seq == 0:
            return None if prev == GENESIS else "the first line of all points to another"
        return None if anchored else f"the {seq} lines before it are gone"
    if seq != head[0] + 1:
        return f"number {seq} follows number {head[0]}"
    if prev != head[1]:
        return "the line before it is not the one that it was written after"
    return None


def main(arguments: list[str]) -> int:
    """`python -m edge.audit_chain PATH`: 0 if the record is whole, 8 if not."""
    if len(arguments) != 1:
        print("usage: python -m edge.audit_chain AUDIT_FILE", file=sys.stderr)
        return 64  # EX_USAGE
    path = Path(arguments[0])
    try:
        if not path.exists() and not rotated_files(path):
            raise AuditError(f"{path}: there is no record")
        verdict = verify(path)
    except AuditError as error:
        print(f"face-gate: {error}", file=sys.stderr)
        return AuditError.exit_code
    if verdict.broken:
        broken = verdict.broken
        print(f"{broken.file}:{broken.line}: {broken.reason}", file=sys.stderr)
        return AuditError.exit_code
    end = f", ends with {verdict.head[0]} {verdict.head[1]}" if verdict.head else ""
    print(f"{verdict.lines} lines, whole{end}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
