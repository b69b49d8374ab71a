"""What the data partition holds, one line of JSON: people by digest, the record, the database."""

import hashlib
import json
import sqlite3
from pathlib import Path

from edge.audit_chain import rotated_files, verify
from edge.vault import FILE_NAME, Vault

STATE = Path("/var/lib/face-gate")


def digest(person) -> str:
    """Of all that was stored of somebody."""
    whole = hashlib.sha256()
    for template in person.templates:
        whole.update(template.vector.tobytes())
        whole.update(repr((template.source, template.created)).encode())
    return whole.hexdigest()[:16]


def tokens(path: Path) -> list[str]:
    """The marks that busy.py left in the record."""
    files = [*rotated_files(path), path]
    lines = [
        line for file in files for line in file.read_text().splitlines() if "boot.test" in line
    ]
    return [json.loads(line)["data"]["token"] for line in lines]


def main() -> None:
    db = sqlite3.connect(f"file:{STATE / FILE_NAME}?mode=ro", uri=True)
    integrity = [row[0] for row in db.execute("PRAGMA integrity_check")]
    db.close()
    with Vault(STATE, create=False) as vault:
        people = {person.name: digest(person) for person in vault.people()}
    record = verify(STATE / "audit.jsonl")
    found = {
        "people": people,
        "integrity": integrity,
        "lines": record.lines,
        "broken": None if record.broken is None else str(record.broken),
        "tokens": tokens(STATE / "audit.jsonl"),
        "torn": len(list(STATE.glob("audit-torn-*"))),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
