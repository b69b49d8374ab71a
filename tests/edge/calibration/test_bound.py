"""What the door goes by: the stricter of curve and calibration, and what a stale one may do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.calibration.bound import curve_bound, demonstrated, standing, strictest_target
from edge.calibration.evidence import needed
from edge.errors import StaleCalibration, UndemonstratedTarget
from edge.metrics import fmr_for_fpir, fpir
from edge.packs.scores import match_rate, threshold
from tests.edge.calibration.helpers import (
    EMBEDDER,
    SCORES,
    calibration,
    gallery,
    person,
    site,
)

ADA = gallery(person("Ada", 1))
BOTH = gallery(person("Ada", 1), person("Bob", 2))
TARGET = 0.01
CURVE = curve_bound(EMBEDDER, len(ADA.matrix), TARGET)
SHIFT = SCORES.same_camera_shift


def test_without_a_calibration_the_curve_counts() -> None:
    at = standing(EMBEDDER, BOTH, TARGET, None)
    assert at.bound == at.curve == threshold(SCORES, fmr_for_fpir(TARGET, len(BOTH.matrix)))
    assert (at.calibration, at.notes) == ("none", ())
    assert at.warn_from is not None and at.bound is not None and at.warn_from < at.bound
    nobody = standing(EMBEDDER, gallery(), TARGET, None)
    assert (nobody.bound, nobody.curve, nobody.warn_from) == (None, None, None)


def test_a_calibration_makes_it_stricter_and_never_less() -> None:
    higher = calibration(ADA, CURVE + 0.001, TARGET)
    at = standing(EMBEDDER, ADA, TARGET, higher)
    assert (at.bound, at.calibration) == (higher.score_bound, "fresh")
    lower = standing(EMBEDDER, ADA, TARGET, calibration(ADA, CURVE - 0.001, TARGET))
    assert lower.bound == CURVE and lower.calibration == "stale"
    assert "no strangers demonstrate it" in lower.notes[0]


def test_of_another_gallery_it_is_stale_and_said() -> None:
    raised = calibration(ADA, CURVE + 0.02, TARGET)
    at = standing(EMBEDDER, BOTH, TARGET, raised)
    more = curve_bound(EMBEDDER, len(BOTH.matrix), TARGET)
    assert at.bound == max(more, raised.score_bound) and at.calibration == "stale"
    assert "1 people, 3 templates then, 2 and 6 now" in at.notes[0]
    assert standing(EMBEDDER, BOTH, TARGET, calibration(ADA, CURVE, TARGET)).bound == more > CURVE


def test_a_new_name_is_no_other_gallery() -> None:
    renamed = gallery(person("Zoe", 1), person("Bob", 2))
    assert renamed.digest == BOTH.digest != ADA.digest
    assert gallery(person("Ada", 1, templates=2)).digest != ADA.digest


def test_the_stricter_target_counts() -> None:
    strict = TARGET / 2
    made = calibration(ADA, CURVE, TARGET)
    at = standing(EMBEDDER, ADA, strict, made)
    assert at.bound == curve_bound(EMBEDDER, len(ADA.matrix), strict) > CURVE
    assert (
        at.target == strict and at.calibration == "stale" and "decision.target_fpir" in at.notes[0]
    )
    tight = calibration(ADA, CURVE, strict)
    assert standing(EMBEDDER, ADA, TARGET, tight).target == strict


def test_of_another_embedder_it_is_refused() -> None:
    other = calibration(ADA, 0.2, TARGET, embedder_sha256="0" * 64)
    for people in (ADA, gallery()):
        with pytest.raises(StaleCalibration, match=r"door stays locked\. Run `python -m edge\.cal"):
            standing(EMBEDDER, people, TARGET, other)


def lowered(strangers: int, matched: int = 0, by: float = 0.5) -> object:
    seen = site(ADA, strangers=strangers, tracks=max(strangers, 1), matched=matched)
    return calibration(ADA, CURVE - by * SHIFT, TARGET, site=seen)


@pytest.mark.skipif(SHIFT == 0, reason="the default pack adds nothing that could be taken back")
def test_enough_strangers_take_back_what_was_added_for_one_camera_and_no_more() -> None:
    enough = needed(TARGET)
    at = standing(EMBEDDER, ADA, TARGET, lowered(enough))  # type: ignore[arg-type]
    assert at.bound == pytest.approx(CURVE - 0.5 * SHIFT) and at.calibration == "fresh"
    assert at.warn_from is not None and at.warn_from < at.bound
    far = standing(EMBEDDER, ADA, TARGET, lowered(enough, by=3))  # type: ignore[arg-type]
    assert far.bound == pytest.approx(CURVE - SHIFT)
    for short in (lowered(enough - 1), lowered(enough, matched=1), lowered(0)):
        at = standing(EMBEDDER, ADA, TARGET, short)  # type: ignore[arg-type]
        assert at.bound == CURVE and at.calibration == "stale"
    # with anybody more, less or other on file, and for a stricter target, it is over
    assert standing(EMBEDDER, BOTH, TARGET, lowered(enough)).bound == curve_bound(  # type: ignore[arg-type]
        EMBEDDER, len(BOTH.matrix), TARGET
    )
    strict = standing(EMBEDDER, ADA, TARGET / 2, lowered(enough))  # type: ignore[arg-type]
    assert strict.bound == curve_bound(EMBEDDER, len(ADA.matrix), TARGET / 2)


def test_strangers_of_another_gallery_demonstrate_nothing() -> None:
    seen = site(BOTH, strangers=10**6, tracks=10**6)
    assert not demonstrated(calibration(ADA, 0.1, TARGET, site=seen))
    assert not demonstrated(calibration(ADA, 0.1, TARGET))
    own = site(ADA, strangers=10**6, tracks=10**6)
    assert demonstrated(calibration(ADA, 0.1, TARGET, site=own))
    all_match = site(ADA, strangers=10, tracks=50, matched=50)
    assert not demonstrated(calibration(ADA, 0.1, TARGET, site=all_match))


@settings(deadline=None, max_examples=100)
@given(
    bound=st.floats(-1, 1),
    made_for=st.sampled_from([TARGET, TARGET / 2]),
    strangers=st.integers(0, 10**7),
    matched=st.integers(0, 100),
    other=st.booleans(),
)
def test_no_calibration_takes_the_door_below_the_plain_curve(
    bound: float, made_for: float, strangers: int, matched: int, other: bool
) -> None:
    seen = site(ADA, strangers=strangers, tracks=max(strangers, 1), matched=matched)
    made = calibration(ADA, bound, made_for, site=seen)
    people = BOTH if other else ADA
    at = standing(EMBEDDER, people, TARGET, made)
    assert at.bound is not None and at.curve is not None
    assert at.bound >= at.curve - SHIFT - 1e-12
    if at.bound < at.curve:
        assert at.calibration == "fresh" and not other and demonstrated(made)


def test_a_target_out_of_reach_names_the_strictest_that_is_not() -> None:
    rows = len(BOTH.matrix)
    beyond = fpir(SCORES.curve[-1].fmr, rows) / 3
    with pytest.raises(UndemonstratedTarget, match=f"With {rows} comparisons a visit") as caught:
        curve_bound(EMBEDDER, rows, beyond)
    strictest = caught.value.details["strictest_target"]
    assert isinstance(strictest, float) and strictest == strictest_target(SCORES, rows)
    assert curve_bound(EMBEDDER, rows, strictest) <= 1


@settings(deadline=None)
@given(st.integers(1, 5000))
def test_the_strictest_target_is_within_reach(rows: int) -> None:
    strictest = strictest_target(SCORES, rows)
    exact = fpir(SCORES.curve[-1].fmr, rows)
    assert exact * (1 - 1e-9) <= strictest <= exact * 1.011
    if strictest < 1:
        curve_bound(EMBEDDER, rows, strictest)


@settings(deadline=None)
@given(st.floats(0.001, 0.999))
def test_rate_and_score_are_each_others_inverse(part: float) -> None:
    common, rare = math.log(SCORES.curve[0].fmr), math.log(SCORES.curve[-1].fmr)
    rate = math.exp(common + part * (rare - common))
    score = threshold(SCORES, rate)
    if score < 1:
        assert match_rate(SCORES, score) == pytest.approx(rate, rel=1e-6)


def test_beyond_the_curve_a_rate_promises_nothing() -> None:
    last = SCORES.curve[-1]
    assert match_rate(SCORES, last.score + SHIFT + 0.5) == last.fmr
    assert match_rate(SCORES, SCORES.curve[0].score + SHIFT - 1e-6) == 1.0
