"""busy.py ROUND: enrols, removes and records without a pause, until the power goes.

Each line on the console is a promise: what it names was confirmed by the product's own code before.
ADDING and REMOVING announce what may or may not have happened when the power goes in between.
"""

import os
import sys

import numpy as np
from verify import STATE, digest

from edge.audit import Audit
from edge.gallery import Person, Template
from edge.packs import pack_path, read_manifest
from edge.vault import Vault

KEEP, TEMPLATES = 3, 5


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def invented(number: int) -> list[Template]:
    """Templates of nobody: unit vectors of the pack's own length."""
    draw = np.random.default_rng(number)
    made = []
    for _ in range(TEMPLATES):
        vector = draw.normal(size=embedder.head.length).astype(np.float32)
        vector /= np.linalg.norm(vector)
        made.append(Template(vector, embedder.sha256, 0.0, 0.0, 0.0, 0.0, 0.5, "boot test"))
    return made


def main(cut: str) -> None:
    there: list[str] = []
    for number in range(10**9):
        token = f"{cut}-{number}"
        audit.append("boot.test", token=token)
        say("RECORDED", token)
        name = f"cut {token}"
        templates = invented(number)
        say("ADDING", token)
        vault.add(name, templates)
        say("ADDED", token, digest(Person(name, tuple(templates), 0.0)))
        there.append(token)
        if len(there) > KEEP:
            oldest = there.pop(0)
            say("REMOVING", oldest)
            vault.remove(f"cut {oldest}")
            say("REMOVED", oldest)


if __name__ == "__main__":
    embedder = read_manifest(pack_path("default")).roles.embedder
    with Vault(STATE, create=False) as vault, Audit(STATE / "audit.jsonl") as audit:
        for person in vault.people():
            if person.name.startswith("cut "):
                vault.remove(person.name)
        say("BUSY", sys.argv[1])
        main(sys.argv[1])
