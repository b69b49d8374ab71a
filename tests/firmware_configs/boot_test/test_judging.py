"""What the boot test makes of what it saw: a judge that cannot say no would prove nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware_configs.boot_test.bench import Change, pulses
from firmware_configs.boot_test.errors import NotProved
from firmware_configs.boot_test.report import write
from firmware_configs.boot_test.results import Result, from_json, to_json
from firmware_configs.boot_test.scenarios.power_cuts import broken, promised

CONSOLE = """\
BUSY c1
RECORDED c1-0
ADDING c1-0
ADDED c1-0 aa00
RECORDED c1-1
ADDING c1-1
ADDED c1-1 bb11
REMOVING c1-0
REMOVED c1-0
RECORDED c1-2
ADDING c1-2
ADDED c1-2 cc"""
"""The power went in the middle of the last line."""


def found(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "people": {"Ada": "ff", "cut c1-1": "bb11", "cut c1-2": "cc22"},
        "tokens": ["c1-0", "c1-1", "c1-2"],
        "integrity": ["ok"],
        "broken": None,
    }
    return {**whole, **changes}


def test_a_line_without_its_end_promises_nothing() -> None:
    made = promised(CONSOLE)
    assert made.recorded == {"c1-0", "c1-1", "c1-2"}
    assert made.people == {"c1-1": "bb11"}
    assert made.removed == {"c1-0"}
    assert made.maybe == {"c1-2"}


@pytest.mark.parametrize("people", [{"cut c1-1": "bb11"}, {"cut c1-1": "bb11", "cut c1-2": "x"}])
def test_what_was_under_way_may_have_happened_or_not(people: dict[str, str]) -> None:
    assert broken(promised(CONSOLE), found(people=people)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"people": {}}, "enrolled, and lost: c1-1"),
        ({"people": {"cut c1-1": "other"}}, "enrolled, and changed: c1-1"),
        ({"people": {"cut c1-1": "bb11", "cut c1-0": "aa00"}}, "removed, and there: c1-0"),
        ({"people": {"cut c1-1": "bb11", "cut c9-9": "zz"}}, "never enrolled: c9-9"),
        ({"tokens": ["c1-0", "c1-2"]}, "recorded, and lost: c1-1"),
        ({"integrity": ["row 3 missing"]}, "integrity check"),
        ({"broken": "line 7"}, "record: line 7"),
    ],
)
def test_each_broken_promise_is_named(changes: dict[str, Any], said: str) -> None:
    assert any(said in line for line in broken(promised(CONSOLE), found(**changes)))


def test_a_pulse_is_a_rise_and_a_fall_after_the_moment_asked_for() -> None:
    seen = [Change(1, 0), Change(5, 1), Change(8, 0), Change(20, 1), Change(23.5, 0), Change(30, 1)]
    assert [p.length for p in pulses(seen)] == [3, 3.5]
    assert [p.begin for p in pulses(seen, since=6)] == [20]


def test_nothing_checked_is_nothing_proved() -> None:
    result = Result("door", "Door")
    assert not result.passed
    result.check("opens", True, "3.0 s")
    assert result.passed
    result.error = "the console is silent"
    assert not result.passed


def test_what_is_required_stops_the_scenario_and_stays_written_down() -> None:
    result = Result("door", "Door")
    with pytest.raises(NotProved, match="enrols: exit code 6"):
        result.require("enrols", False, "exit code 6")
    assert [c.passed for c in result.checks] == [False]


def test_the_report_says_what_failed_and_what_was_not_run(tmp_path: Path) -> None:
    bad = Result("door", "Who opens", figures={"LOCK high for": "3.01 s"})
    bad.check("a stranger | does not", False, "1 pulse")
    bad.screens["log"] = "INFO ready\x1b"
    skipped = Result("updates", "Updates", skipped="not asked for")
    broke = Result("faults", "Faults", error="no 'x' within 3 s")
    write(tmp_path / "boot.md", [bad, skipped, broke], {"image": "door.img"})
    text = (tmp_path / "boot.md").read_text()
    assert "**0 of 1 checks hold**" in text
    assert "not run: not asked for" in text
    assert "no 'x' within 3 s" in text
    assert r"a stranger \| does not" in text
    assert (tmp_path / "boot" / "door-log.svg").read_text().startswith("<svg")


def test_earlier_results_count_only_for_the_same_image() -> None:
    result = Result("door", "Door", figures={"LOCK high for": "3.01 s"}, when="2026-11-26")
    result.check("opens", True, "3.01 s")
    text = to_json([result], {"image SHA-256": "aa"})
    assert from_json(text, "aa") == {"door": result}
    assert from_json(text, "bb") == {}
