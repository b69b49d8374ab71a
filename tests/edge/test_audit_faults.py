"""The record when the disk is full, a write fails, a writer is killed, or several write at once."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
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


# What cannot be recorded ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"score": float("nan")},
        {"score": float("inf")},
        {"picture": b"\x89PNG"},
        {"text": "x" * MAX_LINE},
        {"age": 30},
        {"about": [{"Gender": "f"}]},
        {"text": "\ud800"},
    ],
)
def test_what_has_no_place_in_the_record_is_refused(path: Path, fields: dict[str, Any]) -> None:
    with Audit(path) as audit:
        audit.append("decision", number=0)
        with pytest.raises(AuditError):
            audit.append("decision", **fields)
        audit.append("decision", number=1)
    assert [r["data"] for r in records(path)] == [{"number": 0}, {"number": 1}]
    assert verify(path).broken is None


def fill(audit: Audit) -> int:
    """Append until it fails. Returns how many lines were taken."""
    taken = 0
    with pytest.raises(AuditError):
        for _ in range(10_000):
            audit.append("decision", number=taken, padding="x" * 500)
            taken += 1
    return taken


def test_a_file_size_limit_is_an_error_and_nothing_half_stays(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Audit(path) as audit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        try:
            taken = fill(audit)
            with pytest.raises(AuditError):  # still no room
                audit.append("decision", padding="x" * 500)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert 5 < taken < 20
        verdict = verify(path)
        assert (verdict.lines, verdict.broken) == (taken, None)
        audit.append("decision", number=taken)  # and once there is room, it goes on
    assert verify(path).broken is None and verify(path).lines == taken + 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_an_error_and_nothing_half_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mount: {done.stderr.strip()}")
    try:
        path = disk / "audit.jsonl"
        reserve = disk / "reserve"
        reserve.write_bytes(b"x" * 4096)
        with Audit(path) as audit:
            taken = fill(audit)
            assert taken > 20
            assert (verify(path).lines, verify(path).broken) == (taken, None)
            # The last page may be full to its last byte: room for the torn line is set free.
            reserve.unlink()
            with path.open("ab") as file:
                file.write(b'{"seq"')  # a torn line, and no room to set it aside
            (disk / "filler").write_bytes(b"x" * (os.statvfs(disk).f_bavail * 4096))
            with pytest.raises(AuditError):
                audit.append("decision")
            (disk / "filler").unlink()
            assert path.read_bytes().endswith(b'{"seq"')  # not lost
            subprocess.run(["mount", "-o", "remount,size=256k", str(disk)], check=True)
            audit.append("decision", number=taken)
        assert verify(path).broken is None
        assert [r["kind"] for r in records(path)][-2:] == ["audit.torn", "decision"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_short_write_or_a_failing_disk_is_an_error_and_is_taken_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(fd: int) -> None:
        raise OSError(5, "Input/output error")

    with Audit(path) as audit:
        audit.append("decision", number=0)
        real = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:10]))
        with pytest.raises(AuditError, match="10 of"):
            audit.append("decision", number=1)
        monkeypatch.undo()
        monkeypatch.setattr(os, "fdatasync", failing)
        with pytest.raises(AuditError, match="Input/output"):
            audit.append("decision", number=2)
        monkeypatch.undo()
        audit.append("decision", number=3)
    assert [r["data"]["number"] for r in records(path)] == [0, 3]
    assert verify(path).broken is None


def test_a_record_that_cannot_be_opened_or_is_closed_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(AuditError):
        Audit(path)
    path.rmdir()
    audit = Audit(path)
    audit.close()
    audit.close()
    with pytest.raises(AuditError, match="closed"):
        audit.append("decision")


# Other processes and kills --------------------------------------------------------------------

CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from edge.audit import Audit

    audit = Audit(Path(sys.argv[1]), max_bytes=40_000, keep=500)
    print("ready", flush=True)
    for i in range(int(sys.argv[2])):
        print(audit.append("decision", writer=sys.argv[3], number=i, padding="x" * 300), flush=True)
    """
)


def child(path: Path, count: int, name: str = "a") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(path), str(count), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_while_writing_every_line_that_was_returned_is_there(path: Path) -> None:
    hit = 0
    for attempt in range(12):
        process = child(path, 100_000)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(0.02 * (attempt % 5))
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().split()
        process.wait(10)
        Audit(path).close()  # sets a torn line aside, if there is one
        verdict = verify(path)
        assert verdict.broken is None
        if said:
            hit += 1
            assert verdict.head is not None and verdict.head[0] >= int(said[-1])
            assert verdict.lines == verdict.head[0] + 1
    assert hit > 3 and len(rotated_files(path)) > 0


def test_two_processes_and_many_threads_share_one_chain(path: Path) -> None:
    processes = [child(path, 60, name) for name in ("a", "b")]
    with Audit(path, max_bytes=40_000, keep=500) as audit:
        threads = [
            threading.Thread(
                target=lambda n=n: [audit.append("door", writer=n, number=i) for i in range(20)]
            )
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert verify(path).broken is None
    numbers: dict[Any, list[int]] = {}
    for file in [*rotated_files(path), path]:
        for record in records(file):
            if "writer" in record["data"]:
                numbers.setdefault(record["data"]["writer"], []).append(record["data"]["number"])
    assert {k: len(v) for k, v in numbers.items()} == {"a": 60, "b": 60, 0: 20, 1: 20, 2: 20}
    assert all(v == sorted(v) for v in numbers.values())
