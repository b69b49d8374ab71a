"""What is read off the door's decisions: liveness apart from identity and from quality."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.decide import Decision
from edge.gates import FRAME_GATES, Gate
from training.liveness.films.verdicts import Judged, judged, verdict
from training.recognition.door.outcomes import IDENTITY

LIFE = ("liveness", "motion", "some_gate_of_later")


def decision(t: float, failed: tuple[str, ...] = (), **values: float | None) -> Decision:
    """Gates with a bound of 1; those that failed are at 0.5."""
    gates = tuple(
        Gate(name, values.get(name, 0.5 if name in failed else 2.0), 1.0)
        for name in (*FRAME_GATES, *LIFE, *IDENTITY)
    )
    person = None if any(not g.passed for g in gates) else "Ada"
    return Decision(t, None if person is None else "grant", person, 0.9, gates)


def frame(t: float, *failed: str, best: str | None = "Ada") -> Judged:
    return judged(decision(t, failed), best)


def test_gates_are_sorted_by_what_they_ask() -> None:
    one = frame(0, "size", "motion", "match")
    assert not one.usable
    assert one.refused == ("motion",)
    assert one.recognised is None and one.grant is None
    assert set(one.values) == set(LIFE)
    assert one.values["motion"] == 0.5 and one.values["liveness"] == 2.0


def test_recognition_alone_does_not_ask_for_life() -> None:
    assert frame(0, "motion", "some_gate_of_later").recognised == "Ada"
    assert frame(0, "margin").recognised is None
    assert frame(0).grant == "Ada"


def test_an_attack_lives_when_every_gate_of_life_passes_whoever_it_is() -> None:
    frames = [frame(i / 10, "motion", "match") for i in range(6)] + [frame(0.6, "match", "margin")]
    found = verdict(frames, 6)
    assert found.responded and found.live
    assert found.after_s == pytest.approx(0.6)
    assert found.refused is None and found.granted == () and found.recognised == ()


def test_life_counts_at_a_usable_frame_with_enough_before_it() -> None:
    early = [frame(0)] + [frame(i / 10, "motion") for i in range(1, 8)]
    assert not verdict(early, 6).live
    blurred = [frame(i / 10, "motion") for i in range(7)] + [frame(0.7, "sharpness")]
    assert not verdict(blurred, 6).live


def test_no_gate_alone_and_another_at_another_time_is_life() -> None:
    frames = [frame(i / 10, "liveness" if i % 2 else "motion") for i in range(12)]
    found = verdict(frames, 6)
    assert not found.live and found.refused in {"liveness", "motion"}


def test_frames_that_fail_the_quality_gates_have_no_say() -> None:
    found = verdict([frame(i / 10, "size") for i in range(20)] + [frame(2.0)] * 5, 6)
    assert not found.responded and not found.live and found.refused is None


def test_the_nearest_frame_says_what_was_lacking() -> None:
    frames = [frame(i / 10, *LIFE) for i in range(6)]
    assert verdict([*frames, frame(0.7, "motion"), frame(0.8, *LIFE)], 6).refused == "motion"


def test_a_gate_without_a_value_has_not_passed() -> None:
    values: Mapping[str, float | None] = {"motion": None}
    found = [judged(decision(i / 10, **values), "Ada") for i in range(8)]
    told = verdict(found, 6)
    assert not told.live and told.refused == "motion" and told.values["motion"] is None


def test_values_are_told_relative_to_the_bound_whichever_side_it_is_on() -> None:
    gates = (Gate("flicker", 0.5, None, 2.0), Gate("motion", 3.0, 1.5), Gate("odd", 1.0, 0.0))
    made = Decision(0.0, "grant", "Ada", 0.9, gates)
    assert judged(made, "Ada").values == {"flicker": 4.0, "motion": 2.0, "odd": None}


def test_nothing_is_said_of_no_frames() -> None:
    with pytest.raises(ValueError, match="no frames"):
        verdict([], 6)


gates = st.lists(st.sampled_from([*FRAME_GATES[:2], *LIFE, *IDENTITY]), max_size=3)


@given(st.lists(gates, min_size=1, max_size=20), st.integers(1, 8))
def test_whoever_is_granted_was_live_and_recognised(failed: list[list[str]], enough: int) -> None:
    frames = [frame(i / 10, *names) for i, names in enumerate(failed)]
    found = verdict(frames, enough)
    assert not found.live or found.responded
    assert set(found.granted) <= set(found.recognised)
    assert (found.after_s is not None) == found.live
    if found.responded and not found.live:
        assert found.refused
