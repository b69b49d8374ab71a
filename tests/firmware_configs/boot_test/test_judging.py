"""What the boot test makes of what it saw: a judge that cannot say no would prove nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware_configs.boot_test.bench import Change, pulses
from firmware_configs.boot_test.errors import NotProved
from firmware_configs.boot_test.promises import broken, promised
from firmware_configs.boot_test.report import write
from firmware_configs.boot_test.results import Result, from_json, to_json

CONSOLE = """\
BUSY c1 1b4e
ADDING c1-0
OPENED c1-1
ADDED c1-0
ADDING c1-1
OPENED c1-2
ADDED c1-1
REMOVING c1-0
REMOVED c1-0
ADDING c1-2
OPENED c1-3
ADDED c1-"""
"""The power went in the middle of the last line."""
WHOLE = "bb11"


def found(**changes: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "people": {"Ada": "ff", "cut c1-1": WHOLE, "cut c1-2": WHOLE},
        "enrolled": ["Ada", "cut c1-0", "cut c1-1", "cut c1-2"],
        "removed": ["cut c1-0"],
        "openings": {"1b4e": 3},
        "integrity": ["ok"],
        "broken": None,
    }
    return {**kept, **changes}


def test_a_line_without_its_end_promises_nothing() -> None:
    made = promised(CONSOLE)
    assert made.boot == "1b4e"
    assert made.people == {"c1-1"}
    assert made.removed == {"c1-0"}
    assert made.maybe == {"c1-2"}
    assert made.openings == 3
    assert made.added == {"c1-0", "c1-1"}
    assert promised(CONSOLE, ["c0-4"]).people == {"c0-4", "c1-1"}


@pytest.mark.parametrize(
    "people", [{"cut c1-1": WHOLE}, {"cut c1-1": WHOLE, "cut c1-2": WHOLE, "Ada": "ff"}]
)
def test_what_was_under_way_may_have_happened_or_not(people: dict[str, str]) -> None:
    assert broken(promised(CONSOLE), found(people=people), WHOLE) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"people": {}}, "enrolled, and lost: c1-1"),
        ({"people": {"cut c1-1": "other"}}, "enrolled in part: c1-1"),
        ({"people": {"cut c1-1": WHOLE, "cut c1-2": "half"}}, "enrolled in part: c1-2"),
        ({"people": {"cut c1-1": WHOLE, "cut c1-0": WHOLE}}, "removed, and there: c1-0"),
        ({"people": {"cut c1-1": WHOLE, "cut c9-9": WHOLE}}, "never enrolled: c9-9"),
        ({"enrolled": ["cut c1-0", "cut c1-1"]}, "enrolled, and not recorded: c1-2"),
        ({"removed": []}, "removed, and not recorded: c1-0"),
        ({"openings": {"1b4e": 2, "other": 9}}, "released 3 times, and recorded 2 times"),
        ({"integrity": ["row 3 missing"]}, "integrity check"),
        ({"broken": "line 7"}, "record: line 7"),
    ],
)
def test_each_broken_promise_is_named(changes: dict[str, Any], said: str) -> None:
    assert any(said in line for line in broken(promised(CONSOLE), found(**changes), WHOLE))


def test_who_outlived_the_last_cut_must_outlive_this_one() -> None:
    made = promised(CONSOLE, ["c0-4"])
    assert broken(made, found(), WHOLE) == ["enrolled, and lost: c0-4"]


def test_a_command_that_fails_is_no_proof() -> None:
    made = promised("BUSY c1 1b4e\nADDING c1-0\nFAILED c1-0 error: no film\n")
    wrong = broken(made, found(people={}, openings={}), WHOLE)
    assert wrong == ["a command failed: c1-0: error: no film"]


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
