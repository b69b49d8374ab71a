"""What the data partition holds, one line of JSON: people by digest, the record, the database."""

import hashlib
import json
import sqlite3
from collections import Counter
from pathlib import Path

from edge.audit_chain import rotated_files, verify
from edge.vault import FILE_NAME, Vault

STATE = Path("/var/lib/face-gate")


def digest(person) -> str:
    """Of somebody's templates: the same film enrolled in the same way gives the same."""
    whole = hashlib.sha256()
    for template in person.templates:
        whole.update(template.vector.tobytes())
    return whole.hexdigest()[:16]


def record(path: Path) -> dict:
    """Who was enrolled and removed, by name, and how often each boot opened for an exit."""
    lines = []
    for file in [*rotated_files(path), path]:
        lines += [json.loads(line) for line in file.read_text().splitlines()]
    openings = Counter(
        line["boot"]
        for line in lines
        if line["kind"] == "door"
        and line["data"]["event"] == "opening"
        and line["data"]["reason"].startswith("request to exit")
    )
    return {
        "enrolled": [line["data"]["person"] for line in lines if line["kind"] == "enrol"],
        "removed": [line["data"]["person"] for line in lines if line["kind"] == "remove"],
        "openings": openings,
    }


def main() -> None:
    db = sqlite3.connect(f"file:{STATE / FILE_NAME}?mode=ro", uri=True)
    integrity = [row[0] for row in db.execute("PRAGMA integrity_check")]
    db.close()
    with Vault(STATE, create=False) as vault:
        people = {person.name: digest(person) for person in vault.people()}
    verdict = verify(STATE / "audit.jsonl")
    found = {
        "people": people,
        "integrity": integrity,
        "lines": verdict.lines,
        "broken": None if verdict.broken is None else str(verdict.broken),
        "torn": len(list(STATE.glob("audit-torn-*"))),
        **record(STATE / "audit.jsonl"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
