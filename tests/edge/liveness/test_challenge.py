"""The challenge: only the acts asked for, in their time, by one face that was seen all along."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.challenge import (
    ACT_S,
    ACTS,
    GAP_S,
    HOLD_S,
    Act,
    Challenge,
    Seen,
    Step,
    advance,
    begin,
    steps,
)
from edge.challenger import TRIES, WAIT_S, Challenger
from edge.config import Liveness
from edge.prompts import WORDS

EVERY = 1 / 15
LIMIT = 15.0
ASKED = (Step("left", 0.5), Step("blink", 0.5), Step("right", 0.5))
YAW: dict[str, float] = {"left": 28.0, "right": -28.0}


def front(t: float, **changes: object) -> Seen:
    return replace(Seen(t, 3, 0.0, "ann"), **changes)  # type: ignore[arg-type]


def person(answers: dict[int, Act], start: float = 0.0) -> Iterator[Seen]:
    """Somebody who shows an act for half a second, at a time in frames of 1/15 s from the start."""
    for i in range(400):
        t = start + i * EVERY
        blinks = tuple(
            (start + at * EVERY, start + (at + 2) * EVERY)
            for at, act in answers.items()
            if act == "blink" and i >= at + 5
        )
        turn = next((a for at, a in answers.items() if a != "blink" and at <= i < at + 8), None)
        if turn is None:
            yield front(t, blinks=blinks)
        else:  # turned so far, the face is not recognised
            yield front(t, yaw=YAW[turn], person=None, blinks=blinks)


def obedient(asked: tuple[Step, ...], wait: int = 6) -> tuple[Challenge, list[Seen]]:
    """Does what the prompt says, `wait` frames later; returns the end and all that was seen."""
    now, film = None, []
    due: tuple[int, Act] | None = None
    blinks: tuple[tuple[float, float], ...] = ()
    for i in range(600):
        t = i * EVERY
        seen = front(t, blinks=blinks)
        if due is not None and due[0] <= i < due[0] + 8 and due[1] != "blink":
            seen = front(t, yaw=YAW[due[1]], person=None, blinks=blinks)
        if due is not None and i == due[0] + 5 and due[1] == "blink":
            blinks = (*blinks, (due[0] * EVERY, (due[0] + 2) * EVERY))
        film.append(seen)
        now = begin(seen, asked) if now is None else advance(now, seen, LIMIT)
        assert now is not None
        if not now.running:
            return now, film
        if now.asked_at is not None and not now.turned and (due is None or due[0] < i - 12):
            due = (i + wait, now.steps[now.done].act)
    raise AssertionError("it never ended")


def play(asked: tuple[Step, ...], film: list[Seen]) -> Challenge:
    now: Challenge | None = None
    for seen in film:
        now = begin(seen, asked) if now is None else advance(now, seen, LIMIT)
    assert now is not None
    return now


@pytest.mark.parametrize("seed", range(6))
def test_who_does_what_is_asked_passes(seed: int) -> None:
    asked = steps(4, random.Random(seed))
    end, _ = obedient(asked)
    assert end.passed_at is not None and end.done == 4 and end.failed == ""


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_recorded_answer_to_another_challenge_never_passes(one: int, other: int) -> None:
    mine, theirs = (steps(3, random.Random(seed)) for seed in (one, other))
    _, film = obedient(mine)
    if [s.act for s in mine] != [s.act for s in theirs]:
        assert play(theirs, film).passed_at is None


def test_acts_cannot_be_foreseen_and_do_not_repeat() -> None:
    draw = random.SystemRandom()
    orders = Counter(tuple(s.act for s in steps(3, draw)) for _ in range(3000))
    assert len(orders) == 12 and min(orders.values()) > 150
    assert all(a != b for order in orders for a, b in pairwise(order))


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({12: "right"}, "turned right, asked for left"),
        ({2: "left"}, "turned before it was asked"),
        ({}, "too slow"),
        ({9: "left"}, "turned too soon"),
    ],
)
def test_a_wrong_early_or_missing_act_ends_the_try(answers: dict[int, Act], said: str) -> None:
    end = play(ASKED, list(person(answers)))
    assert end.failed == said and end.passed_at is None


def waiting() -> Challenge:
    """Asked for the first act and not yet answered."""
    now = begin(front(0), ASKED)
    for i in range(1, 10):
        assert now is not None
        now = advance(now, front(i * EVERY), LIMIT)
    assert now is not None and now.asked_at is not None and now.running
    return now


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (front(0.7, track=4), "another face"),
        (front(0.7, person="bob"), "another person"),
        (front(0.6 + GAP_S + 0.1), "not seen without a gap"),
        (front(0.1), "not seen without a gap"),
        (front(float("nan")), "not seen without a gap"),
    ],
)
def test_another_face_or_a_gap_ends_the_try(seen: Seen, said: str) -> None:
    assert advance(waiting(), seen, LIMIT).failed == said


def test_one_frame_without_the_face_does_not_end_it() -> None:
    lost = advance(waiting(), Seen(0.7, None, None, None), LIMIT)
    assert lost.running
    gone = advance(lost, Seen(0.6 + GAP_S + 0.1, None, None, None), LIMIT)
    assert gone.failed == "not seen without a gap"


def test_a_turn_counts_only_once_the_same_person_looks_at_the_door_again() -> None:
    now = advance(advance(waiting(), front(0.8, yaw=5.0), LIMIT), front(0.9, yaw=28.0), LIMIT)
    assert now.turned and now.done == 0 and now.prompt == "front"
    assert advance(now, front(1.0, person=None), LIMIT).done == 0
    assert advance(now, front(1.0, yaw=None), LIMIT).done == 0
    assert advance(now, front(1.0), LIMIT).done == 1
    assert advance(now, front(1.0, person="bob"), LIMIT).failed == "another person"


def test_a_blink_from_before_the_prompt_is_no_answer() -> None:
    now = replace(waiting(), steps=(Step("blink", 0.5),))
    assert now.asked_at is not None
    early = front(0.8, blinks=((now.asked_at - 0.1, now.asked_at),))
    assert advance(now, early, LIMIT).passed_at is None
    right = front(0.8, blinks=((now.asked_at + 0.2, now.asked_at + 0.3),))
    assert advance(now, right, LIMIT).passed_at == 0.8


def test_what_was_passed_expires_and_what_failed_stays_failed() -> None:
    end, film = obedient(ASKED)
    last = film[-1].t
    now = end
    while now.passed_at is not None and not now.failed:
        last += EVERY
        now = advance(now, front(last), LIMIT)
    assert now.failed == "expired" and last - film[-1].t == pytest.approx(HOLD_S, abs=2 * EVERY)
    assert advance(now, front(last + EVERY), LIMIT).failed == "expired"


def test_a_limit_on_the_whole_and_on_each_act() -> None:
    assert advance(waiting(), front(0.7), 0.65).failed == "too slow"
    now = waiting()
    t = 0.6
    while now.running:
        t += EVERY
        now = advance(now, front(t), LIMIT)
    assert now.failed == "too slow" and t == pytest.approx(0.53 + ACT_S, abs=0.2)


@pytest.mark.parametrize("seen", [front(0, person=None), front(0, yaw=20.0), front(0, track=None)])
def test_it_begins_with_a_recognised_face_that_looks_at_the_door(seen: Seen) -> None:
    assert begin(seen, ASKED) is None


def test_a_track_has_one_try_and_the_next_has_new_acts() -> None:
    challenger = Challenger(Liveness(), random.Random(1))
    first = challenger.step(front(0))
    assert first is not None
    failed = challenger.step(front(0.1, yaw=40.0))
    assert failed is not None and failed.failed
    for i in range(2, 60):
        again = challenger.step(front(i * 0.1))
        assert again is not None and again.failed, "the same track must not try again"
    new = challenger.step(front(6.1, track=4))
    assert new is not None and new.running and new.track == 4 and new.steps != first.steps


def test_guessing_takes_time() -> None:
    challenger = Challenger(Liveness(), random.Random(2))
    t = 0.0
    for track in range(TRIES):
        assert challenger.step(front(t, track=track)) is not None
        ended = challenger.step(front(t + 0.1, track=track, yaw=40.0))
        assert ended is not None and ended.failed
        t += 1.0
    early = challenger.step(front(t, track=50))
    assert early is None or early.failed
    late = challenger.step(front(t + WAIT_S + 1, track=51))
    assert late is not None and late.running


def test_leaving_in_the_middle_is_a_failed_try() -> None:
    challenger = Challenger(Liveness(), random.Random(3))
    for track in range(TRIES):
        assert challenger.step(front(track, track=track)) is not None
        challenger.forget()
    assert challenger.step(front(TRIES, track=9)) is None


def test_every_act_has_a_prompt() -> None:
    assert set(WORDS) == {*ACTS, "front"}
