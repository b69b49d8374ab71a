"""Counting of decisions, on made-up ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gates import FRAME_GATES, IDENTITY_GATES
from training.recognition.door.outcomes import (
    IDENTITY,
    OTHER,
    Seen,
    Window,
    life,
    outcome,
    tally,
)

GATES = (*FRAME_GATES, "landmarks", "passive", "motion", "blink", *IDENTITY_GATES)
NAMES = ("Ada", "Bo")


def seen(t: float, failed: Sequence[str] = (), best: str | None = "Ada") -> Seen:
    """A frame as the door would tell it: without a failed gate it admits."""
    return Seen(t, tuple(failed), best if not failed else None, best)


@st.composite
def films(draw: st.DrawFn) -> list[Seen]:
    count = draw(st.integers(1, 12))
    rare = st.lists(st.sampled_from(GATES), max_size=4, unique=True)
    return [seen(i / 30, draw(rare), draw(st.sampled_from(NAMES))) for i in range(count)]


@given(films(), st.sampled_from((*NAMES, None)), st.integers(1, 6))
def test_an_outcome_is_what_the_frames_say(
    frames: list[Seen], right: str | None, enough: int
) -> None:
    told = outcome(frames, right, enough)
    assert set(told.granted) == {f.best for f in frames if not f.failed}
    # Leaving life aside can only admit more.
    assert set(told.granted) <= set(told.recognised)
    admitted = right is not None and right in told.granted
    assert (told.after_s is not None) == admitted
    assert (told.reason is None) == (admitted or right is None)
    usable = [f for f in frames if not set(f.failed) & {*FRAME_GATES, "landmarks"}]
    assert told.qualifies == (len(usable) >= enough)
    assert told.usable == len(usable) / len(frames)
    if told.reason is None:
        return
    if not usable:
        assert told.reason == "quality"
    elif right in told.recognised:
        reasons = tuple(told.reason.split("+"))
        assert life(reasons) == reasons
    else:
        assert told.reason in (*IDENTITY, OTHER)


@given(films(), st.sampled_from(NAMES))
def test_more_frames_never_take_a_grant_back(frames: list[Seen], right: str) -> None:
    short, whole = outcome(frames[:-1] or frames, right, 1), outcome(frames, right, 1)
    assert set(short.granted) <= set(whole.granted)
    assert short.after_s is None or short.after_s == whole.after_s


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([seen(0, ["sharpness", "match"]), seen(1, ["one_face"], None)], "quality"),
        ([seen(0, ["passive", "motion"]), seen(1, ["motion"])], "motion"),
        ([seen(0, ["passive"]), seen(1, ["motion"])], "motion"),  # the last of equals
        ([seen(0, ["passive", "motion"])], "passive+motion"),
        ([seen(0, ["motion", "match", "agreement"])], "match"),
        ([seen(0, ["motion", "agreement"])], "agreement"),
        ([seen(0, ["margin"]), seen(1, ["match", "margin"])], "margin"),
        ([seen(0, ["match"], "Bo")], OTHER),
        # Recognised once outweighs a frame that came as near without a match.
        ([seen(0, ["motion"]), seen(1, ["match"])], "motion"),
        # Somebody else recognised is no recognition of the right one.
        ([seen(0, ["motion"], "Bo"), seen(1, ["match", "margin"])], OTHER),
    ],
)
def test_the_reason_is_what_the_nearest_frame_lacked(frames: list[Seen], reason: str) -> None:
    assert outcome(frames, "Ada", 1).reason == reason


def test_a_grant_of_somebody_else_is_not_hidden_by_the_right_one() -> None:
    frames = [seen(0), seen(0.1, (), "Bo")]
    window = Window("film", "Ada", "Ada", 0, outcome(frames, "Ada", 1))
    assert window.outcome.after_s == 0
    assert window.wrong
    counted = tally([window])
    assert counted.admitted is not None and counted.admitted.hits == 1
    assert counted.wrong is not None and counted.wrong.hits == 1


def test_a_frame_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="no gate"):
        Seen(0, ("motion",), "Ada", "Ada")
    with pytest.raises(ValueError, match="no gate"):
        Seen(0, (), None, "Ada")
    with pytest.raises(ValueError, match="best match"):
        Seen(0, (), "Ada", "Bo")
    with pytest.raises(ValueError, match="no frames"):
        outcome([], "Ada", 1)


def window(person: str, right: str | None, frames: Sequence[Seen], enough: int = 1) -> Window:
    return Window("film", person, right, 0, outcome(frames, right, enough))


def test_windows_that_fail_quality_count_only_for_wrong_grants() -> None:
    counted = tally(
        [
            window("Ada", "Ada", [seen(0)]),
            window("Ada", "Ada", [seen(0, ["motion"])]),
            window("Ada", "Ada", [seen(0, ["size"])]),
            window("Ada", "Ada", [seen(0, (), "Bo")], enough=2),
        ]
    )
    assert (counted.windows, counted.qualifying, counted.wrong_anywhere) == (4, 2, 1)
    assert counted.admitted is not None
    assert (counted.admitted.hits, counted.admitted.trials) == (1, 2)
    assert counted.recognised is not None and counted.recognised.hits == 2
    assert counted.wrong is not None and counted.wrong.hits == 0
    assert counted.reasons == {"motion": 1}


def test_a_window_may_have_to_be_usable_for_more_of_its_frames() -> None:
    blurred = seen(0.1, ["sharpness"])
    windows = [
        window("Ada", "Ada", [seen(0), seen(0.1)]),
        window("Ada", "Ada", [seen(0), blurred]),
        window("Ada", "Ada", [seen(0, ["motion"]), blurred, blurred]),
    ]
    shares = [tally(windows, usable).admitted for usable in (0.0, 0.5, 1.0)]
    assert [(s.hits, s.trials) for s in shares if s is not None] == [(2, 3), (2, 2), (1, 1)]


def test_strangers_have_nobody_right_and_every_grant_is_wrong() -> None:
    frames = [seen(0, ["motion"]), seen(0.1)]
    counted = tally([window("Cy", None, frames), window("Di", None, [seen(0, ["match"])])])
    assert counted.admitted is None and counted.recognised is None
    assert counted.reasons == {}
    assert counted.wrong is not None
    assert (counted.wrong.hits, counted.wrong.trials, counted.wrong.people) == (1, 2, 2)
