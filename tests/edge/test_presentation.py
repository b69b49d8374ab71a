"""Rates of presentation attack detection: per instrument, the worst counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import presentation

ATTACKS = {"print": [0.1, 0.2, 0.6, 0.3], "replay": [0.9, 0.1]}
LIVE = [0.5, 0.4, 0.9, 0.9]
scores = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40)


def test_the_worst_instrument_counts_and_not_the_mean() -> None:
    rates = presentation.apcer(ATTACKS, 0.5)
    assert (rates["print"].errors, rates["replay"].value) == (1, 0.5)
    assert presentation.worst(rates) == "replay"
    assert presentation.bpcer(LIVE, 0.5).value == 0.25
    assert presentation.acer(ATTACKS, LIVE, 0.5) == (0.5 + 0.25) / 2


def test_of_instruments_without_error_the_one_with_less_evidence_is_the_worst() -> None:
    rates = presentation.apcer({"print": [0.0] * 100, "mask": [0.0] * 5}, 0.5)
    assert presentation.worst(rates) == "mask"


@given(scores, st.floats(0, 0.99))
def test_the_bound_for_a_bpcer_is_the_highest_that_keeps_it(
    live: list[float], target: float
) -> None:
    bound = presentation.bound_at_bpcer(live, target)
    assert presentation.bpcer(live, bound).value <= target + 1e-9
    higher = float(np.nextafter(bound, math.inf))
    assert presentation.bpcer(live, higher).value > target - 1e-9


@given(scores, scores, st.floats(0, 1))
def test_the_bound_for_an_apcer_is_the_lowest_that_every_instrument_keeps(
    one: list[float], other: list[float], target: float
) -> None:
    attacks = {"print": one, "replay": other}
    bound = presentation.bound_at_apcer(attacks, target)
    assert max(r.value for r in presentation.apcer(attacks, bound).values()) <= target + 1e-9
    if target < 1:
        lower = float(np.nextafter(bound, -math.inf))
        assert max(r.value for r in presentation.apcer(attacks, lower).values()) > target - 1e-9


def test_bpcer_at_a_given_apcer() -> None:
    attacks = {"print": np.linspace(0, 0.99, 100)}
    live = [0.895, 0.945, 0.985, 1.0]
    found = {
        name: presentation.bpcer_at_apcer(attacks, live, apcer)[0].errors
        for name, apcer in presentation.BPCER_AT.items()
    }
    assert found == {"BPCER10": 0, "BPCER20": 1, "BPCER100": 2}


def test_what_is_accepted_is_matched_and_live() -> None:
    matched = {"print": [True, True, False, False], "mask": [False]}
    live = {"print": [True, False, True, False], "mask": [True]}
    assert presentation.iapmr(matched)["print"].value == 0.5
    rates = presentation.iapar(matched, live)
    assert (rates["print"].errors, rates["print"].trials, rates["mask"].errors) == (1, 4, 0)
    assert presentation.non_response([True, True, False, True]).value == 0.25


@pytest.mark.parametrize("bad", [[], [[1.0]], [math.nan], [math.inf, 1.0]])
def test_bad_scores_are_refused(bad: list[float]) -> None:
    for call in (
        lambda: presentation.bpcer(bad, 0.5),
        lambda: presentation.apcer({"print": bad}, 0.5),
        lambda: presentation.bound_at_bpcer(bad, 0.1),
        lambda: presentation.bound_at_apcer({"print": bad}, 0.1),
    ):
        with pytest.raises(ValueError, match=r"scores|'print'"):
            call()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="instruments"):
        presentation.apcer({}, 0.5)
    with pytest.raises(ValueError, match="instruments"):
        presentation.bound_at_apcer({}, 0.5)
    with pytest.raises(ValueError, match="target"):
        presentation.bound_at_bpcer([0.5], 1.0)
    with pytest.raises(ValueError, match="bools"):
        presentation.non_response([0.5, 1.0])
    with pytest.raises(ValueError, match="2 matched, 1 judged"):
        presentation.iapar({"print": [True, True]}, {"print": [True]})
    with pytest.raises(ValueError, match="differ"):
        presentation.iapar({"print": [True]}, {"mask": [True]})
