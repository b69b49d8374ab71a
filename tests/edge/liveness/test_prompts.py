"""Each prompt is said once, each challenge is recorded once, and nobody is named."""

from __future__ import annotations

from dataclasses import replace

from edge.challenge import Challenge, Step
from edge.prompts import Prompter, words

STEPS = (Step("left", 0.5), Step("blink", 0.5))
NEW = Challenge(0, "ann", STEPS, 1.0, 1.0, front_at=1.0)


def told(*challenges: Challenge | None) -> tuple[list[str], list[dict[str, object]], list[bool]]:
    said: list[str] = []
    recorded: list[dict[str, object]] = []

    def record(kind: str, **fields: object) -> int:
        assert kind == "challenge"
        recorded.append(fields)
        return len(recorded)

    prompter = Prompter(said.append, record)
    over = [prompter.step(one) for one in challenges]
    return said, recorded, over


def test_a_prompt_is_said_when_it_changes() -> None:
    asked = replace(NEW, asked_at=1.5)
    said, recorded, over = told(None, NEW, NEW, asked, asked, replace(asked, turned=True))
    assert said == [
        "challenge: look at the door",
        "challenge: turn your head to your left",
        "challenge: look at the door",
    ]
    assert recorded == [] and over == [False] * 6


def test_the_end_is_recorded_once_without_a_name() -> None:
    failed = replace(NEW, failed="too slow")
    _, recorded, over = told(NEW, failed, failed, failed)
    assert over == [False, True, False, False]
    assert recorded == [
        {"track": 0, "asked": ["left", "blink"], "done": 0, "passed": False, "reason": "too slow"}
    ]
    _, recorded, _ = told(NEW, replace(NEW, done=2, passed_at=4.0))
    assert recorded[0]["passed"] is True and "ann" not in str(recorded)


def test_one_that_vanishes_or_is_followed_by_another_has_ended() -> None:
    _, recorded, _ = told(NEW, None)
    assert [r["reason"] for r in recorded] == ["gone"]
    _, recorded, _ = told(NEW, replace(NEW, track=1, began_at=9.0), None)
    assert [(r["track"], r["reason"]) for r in recorded] == [(0, "gone"), (1, "gone")]


def test_nothing_is_asked_without_a_challenge_or_after_it() -> None:
    assert words(None) is None
    assert words(replace(NEW, failed="too slow")) is None
    assert words(replace(NEW, asked_at=1.0)) == "turn your head to your left"
