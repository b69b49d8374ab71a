"""What was checked and measured. The report is made of this and of nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from firmware_configs.boot_test.errors import NotProved


@dataclass(slots=True)
class Check:
    """One promise. seen: what was observed, in words with figures."""

    promise: str
    passed: bool
    seen: str


@dataclass(slots=True)
class Result:
    """Of one scenario. skipped: why, where it was not run. figures: name → value with its unit.

    screens: title → text of the console. when: date and time of the run, UTC.
    """

    name: str
    title: str
    checks: list[Check] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    screens: dict[str, str] = field(default_factory=dict)
    skipped: str | None = None
    error: str | None = None
    seconds: float = 0.0
    when: str = ""

    @property
    def passed(self) -> bool:
        """False for one that was skipped or broke off: nothing was shown then."""
        done = self.skipped is None and self.error is None and bool(self.checks)
        return done and all(check.passed for check in self.checks)

    def check(self, promise: str, passed: bool, seen: str) -> None:
        """Write down whether a promise was kept. What follows goes on."""
        self.checks.append(Check(promise, passed, seen))

    def require(self, promise: str, passed: bool, seen: str) -> None:
        """The same, where nothing that follows makes sense without it. Raises NotProved."""
        self.check(promise, passed, seen)
        if not passed:
            raise NotProved(f"{promise}: {seen}")


def to_json(results: list[Result], about: dict[str, Any]) -> str:
    """Everything, for machines."""
    rows = [{**asdict(r), "passed": r.passed} for r in results]
    return json.dumps({"about": about, "results": rows}, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str, image_sha256: str) -> dict[str, Result]:
    """Earlier results of the same image, by name; none if it was another image."""
    data = json.loads(text)
    if data["about"]["image SHA-256"] != image_sha256:
        return {}
    found = {}
    for row in data["results"]:
        row.pop("passed")
        row["checks"] = [Check(**check) for check in row["checks"]]
        found[row["name"]] = Result(**row)
    return found
