"""The record on a real disk: chain, rotation, torn lines, full disks, kills, other writers."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge.audit import Audit, verify
from edge.audit_chain import MAX_LINE, rotated_files
from edge.errors import AuditError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, count: int, **options: Any) -> None:
    with Audit(path, **options) as audit:
        for i in range(count):
            audit.append("decision", number=i)


def test_a_line_says_what_when_and_after_which(path: Path) -> None:
    before = time.monotonic()
    with Audit(path) as audit:
        assert audit.head == (-1, "0" * 64)
        assert audit.append("decision", person="Zoë", granted=True, score=0.5) == 0
        assert audit.append("door", event="opening") == 1
        head = audit.head
    first, second = records(path)
    assert first["data"] == {"person": "Zoë", "granted": True, "score": 0.5}
    assert (first["seq"], first["prev"], first["kind"]) == (0, "0" * 64, "decision")
    lines = path.read_bytes().splitlines(keepends=True)
    assert second["prev"] == hashlib.sha256(lines[0]).hexdigest()
    assert head == (1, hashlib.sha256(lines[1]).hexdigest())
    when = datetime.fromisoformat(first["time"])
    assert when.utcoffset() is not None and abs((datetime.now(UTC) - when).total_seconds()) < 60
    assert before <= first["mono"] <= second["mono"] <= time.monotonic()
    assert first["boot"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600
    verdict = verify(path)
    assert (verdict.lines, verdict.broken, verdict.head) == (2, None, head)


def test_the_chain_goes_on_when_opened_again(path: Path) -> None:
    write(path, 3)
    write(path, 2)
    assert [r["seq"] for r in records(path)] == [0, 1, 2, 3, 4]
    assert verify(path).lines == 5 and verify(path).broken is None


def test_a_line_is_synced_before_append_returns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_write, real_sync = os.write, os.fdatasync
    monkeypatch.setattr(os, "write", lambda *a: (calls.append("write"), real_write(*a))[1])
    monkeypatch.setattr(os, "fdatasync", lambda *a: (calls.append("sync"), real_sync(*a))[1])
    with Audit(path) as audit:
        audit.append("decision")
    assert calls == ["write", "sync"]


# Tampering ------------------------------------------------------------------------------------


def edit(path: Path, change: Callable[[list[bytes]], None]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


TAMPERED: dict[str, tuple[Callable[[list[bytes]], Any], int]] = {
    "changed": (lambda ls: ls.__setitem__(4, ls[4].replace(b'"number":4', b'"number":5')), 6),
    "removed": (lambda ls: ls.pop(4), 5),
    "swapped": (lambda ls: ls.__setitem__(slice(4, 6), [ls[5], ls[4]]), 5),
    "doubled": (lambda ls: ls.insert(4, ls[4]), 6),
    "garbled": (lambda ls: ls.__setitem__(4, b"{\n"), 5),
    "first removed": (lambda ls: ls.pop(0), 1),
    "first replaced": (lambda ls: ls.__setitem__(0, ls[0].replace(b'"prev":"0', b'"prev":"1')), 1),
    "cut within a line": (lambda ls: ls.__setitem__(9, ls[9][:20]), 10),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found_at_the_first_line_that_does_not_fit(path: Path, how: str) -> None:
    change, expected = TAMPERED[how]
    write(path, 10)
    edit(path, change)
    broken = verify(path).broken
    assert broken is not None and (broken.file, broken.line) == (path, expected)


def test_the_command_says_where_and_ends_with_8(path: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "edge.audit_chain", str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run().returncode == 8  # no record at all
    write(path, 5)
    whole = run()
    assert whole.returncode == 0 and whole.stdout.startswith("5 lines, whole, ends with 4 ")
    edit(path, lambda ls: ls.pop(2))
    broken = run()
    assert broken.returncode == 8
    assert broken.stderr == f"{path}:3: number 3 follows number 1\n"


@pytest.mark.parametrize("how", ["cut", "deleted"])
def test_lines_that_vanish_under_a_running_daemon_leave_a_gap(
    path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Audit(path) as audit:
        for i in range(5):
            audit.append("decision", number=i)
        if how == "cut":
            edit(path, lambda ls: ls.__delitem__(slice(2, None)))
        else:
            path.unlink()
        audit.append("decision", number=5)
    assert "cut or deleted" in caplog.text
    assert [(r["seq"], r["kind"]) for r in records(path)][-2:] == [
        (5, "audit.lost"),
        (6, "decision"),
    ]
    broken = verify(path).broken
    assert broken is not None and broken.line == (3 if how == "cut" else 1)


def test_damage_before_the_end_is_not_written_over(path: Path) -> None:
    write(path, 5)
    edit(path, lambda ls: ls.__setitem__(slice(3, 5), [b"garbage\n", b"more\n"]))
    content = path.read_bytes()
    with pytest.raises(AuditError, match="damaged"):
        Audit(path)
    assert path.read_bytes() == content


def test_damage_under_a_running_daemon_is_an_error_each_time(path: Path) -> None:
    with Audit(path) as audit:
        for i in range(5):
            audit.append("decision", number=i)
        edit(path, lambda ls: ls.__setitem__(slice(3, 5), [b"garbage\n", b"more\n"]))
        content = path.read_bytes()
        for _ in range(3):
            with pytest.raises(AuditError, match="damaged"):
                audit.append("decision", number=5)
    assert path.read_bytes() == content


# Torn lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [b'{"seq":3,"pr', b"\0" * 700, b'{"se\r\r', b"\xff\n"])
def test_a_torn_last_line_is_set_aside_and_said(
    path: Path, torn: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    write(path, 3)
    with path.open("ab") as file:
        file.write(torn)
    assert verify(path).broken is not None
    with caplog.at_level(logging.ERROR), Audit(path) as audit:
        audit.append("decision", number=3)
    assert "torn" in caplog.text
    seen = records(path)
    assert [r["kind"] for r in seen] == ["decision"] * 3 + ["audit.torn", "decision"]
    assert seen[3]["data"]["bytes"] == len(torn)
    assert (path.parent / seen[3]["data"]["kept_in"]).read_bytes() == torn
    assert verify(path).broken is None and verify(path).lines == 5


def test_a_torn_very_first_line(path: Path) -> None:
    path.write_bytes(b'{"seq":0')
    write(path, 1)
    assert [r["kind"] for r in records(path)] == ["audit.torn", "decision"]
    assert verify(path).broken is None


# Rotation -------------------------------------------------------------------------------------


def test_rotation_bounds_the_files_and_the_chain_goes_on(path: Path) -> None:
    limit = 2 * MAX_LINE
    with Audit(path, max_bytes=limit, keep=2) as audit:
        for i in range(700):
            audit.append("decision", number=i, padding="x" * 200)
    full = rotated_files(path)
    assert len(full) == 2
    assert all(file.stat().st_size <= limit for file in [*full, path])
    verdict = verify(path)
    assert verdict.broken is None and 100 < verdict.lines < 700
    assert verdict.head == audit.head
    first = records(path)[0]
    assert first["kind"] == "audit.rotated" and first["data"]["full"] == full[-1].name
    assert len(first["data"]["dropped"]) == 1
    numbers = [
        r["data"]["number"] for f in [*full, path] for r in records(f) if "number" in r["data"]
    ]
    assert numbers == list(range(numbers[0], 700))


def test_a_rotated_file_that_is_missing_or_changed_is_found(path: Path) -> None:
    write(path, 300, max_bytes=2 * MAX_LINE, keep=9)
    middle = rotated_files(path)[1]
    content = middle.read_bytes()
    middle.unlink()
    broken = verify(path).broken
    assert broken is not None and broken.line == 1 and "follows" in broken.reason
    middle.write_bytes(content.replace(b'"number":', b'"numbre":', 1))
    broken = verify(path).broken
    assert broken is not None and broken.file == middle


def test_a_crash_between_renaming_and_beginning_anew_loses_nothing(path: Path) -> None:
    write(path, 5)
    path.rename(path.with_name("audit-000000000004.jsonl"))
    write(path, 1)
    assert records(path)[0]["seq"] == 5
    assert verify(path).broken is None and verify(path).lines == 6


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file for somebody else")
def test_what_root_writes_the_daemon_can_go_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    os.chown(folder, 1234, 4321)
    with Audit(folder / "audit.jsonl", max_bytes=2 * MAX_LINE) as audit:
        while not rotated_files(folder / "audit.jsonl"):
            audit.append("calibrate", reason="x" * 9000)
    assert {(p.stat().st_uid, p.stat().st_gid) for p in folder.iterdir()} == {(1234, 4321)}
    assert len(list(folder.iterdir())) == 3  # the record, the full one and the lock
