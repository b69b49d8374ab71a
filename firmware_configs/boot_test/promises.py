"""What the console confirmed before the power went, and whether the next boot keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_LINE = re.compile(r"^(BUSY|ADDING|ADDED|REMOVING|REMOVED|OPENED|FAILED) (\S+)(?: (.+))?\n", re.M)
MARK = "cut "
"""How the names begin that guest/busy.sh enrols."""


@dataclass(slots=True)
class Promises:
    """boot: id of the boot that made them. maybe: was under way when the power went.

    openings: how often the lock was seen released. failed: commands that did not end well.
    """

    boot: str = ""
    people: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    openings: int = 0
    failed: list[str] = field(default_factory=list)


def promised(console: str, there: Iterable[str] = ()) -> Promises:
    """From the lines of guest/busy.sh; a last line without its end promises nothing.

    there: tokens of those who were enrolled before, and must still be.
    """
    made = Promises(people=set(there))
    for word, token, rest in _LINE.findall(console):
        match word:
            case "BUSY":
                made.boot = rest
            case "OPENED":
                made.openings += 1
            case "ADDED":
                made.maybe.discard(token)
                made.people.add(token)
                made.added.add(token)
            case "REMOVED":
                made.maybe.discard(token)
                made.removed.add(token)
            case "FAILED":
                made.failed.append(f"{token}: {rest}")
            case _:
                made.maybe.add(token)
                made.people.discard(token)
    return made


def tokens(found: dict[str, Any]) -> dict[str, str]:
    """Of the people that guest/busy.sh has enrolled, each with its digest."""
    return {n.removeprefix(MARK): d for n, d in found["people"].items() if n.startswith(MARK)}


def broken(made: Promises, found: dict[str, Any], whole: str) -> list[str]:
    """The promises that what guest/verify.py found after the next boot does not keep.

    whole: digest of somebody who was enrolled wholly, in the same way from the same film.
    """
    there = tokens(found)
    wrong = [f"a command failed: {text}" for text in made.failed]
    wrong += [f"enrolled, and lost: {t}" for t in sorted(made.people - set(there))]
    wrong += [f"removed, and there: {t}" for t in sorted(made.removed & set(there))]
    known = made.people | made.maybe
    wrong += [f"never enrolled: {t}" for t in sorted(set(there) - known)]
    wrong += [f"enrolled in part: {t}" for t, digest in sorted(there.items()) if digest != whole]
    recorded = {n.removeprefix(MARK) for n in found["enrolled"]}
    wrong += [f"enrolled, and not recorded: {t}" for t in sorted(set(there) - recorded)]
    gone = {n.removeprefix(MARK) for n in found["removed"]}
    wrong += [f"removed, and not recorded: {t}" for t in sorted(made.removed - gone)]
    openings = found["openings"].get(made.boot, 0)
    if openings < made.openings:
        wrong.append(f"the lock was released {made.openings} times, and recorded {openings} times")
    if found["integrity"] != ["ok"]:
        wrong.append(f"integrity check: {found['integrity']}")
    if found["broken"] is not None:
        wrong.append(f"record: {found['broken']}")
    return wrong
