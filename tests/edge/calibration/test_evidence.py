"""The stated limits cover as stated: by simulation, and against what is known exactly."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.calibration import evidence
from edge.intervals import clopper_pearson, upper_bound
from tests.edge.calibration.helpers import SCORES


def uniform_pairs(people: int, rng: np.random.Generator, wolves: float, rate: float) -> float:
    """Observed share of matching pairs where some people match everybody often."""
    wolf = rng.random(people) < wolves
    chance = np.where(wolf[:, None] | wolf[None], rate, 0.0)
    drawn = rng.random((people, people)) < chance
    return float(drawn[np.triu_indices(people, 1)].mean())


def test_the_limit_for_any_dependence_covers_and_the_one_for_independent_pairs_does_not() -> None:
    """A few people who resemble many ("wolves", Doddington 1998) decide what is seen."""
    people, wolves, rate, runs = 60, 0.02, 0.5, 400
    true = (1 - (1 - wolves) ** 2) * rate
    rng = np.random.default_rng(1)
    pairs = people * (people - 1) // 2
    worst = independent = 0
    for _ in range(runs):
        seen = uniform_pairs(people, rng, wolves, rate)
        worst += true <= evidence.worst_upper(seen, people)
        independent += true <= upper_bound(round(seen * pairs), pairs)
    assert worst / runs >= evidence.CONFIDENCE
    assert independent / runs < 0.85  # which is why it is not what is called demonstrated


def test_without_a_match_the_limit_is_that_of_disjoint_pairs() -> None:
    # KL(0, p) = -ln(1 - p): the exact limit of so many trials without an error
    for people in (2, 3, 50, 2847):
        exact = upper_bound(0, people // 2)
        assert evidence.worst_upper(0.0, people) == pytest.approx(exact, rel=1e-9)


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(2, 100_000))
def test_limits_lie_above_what_was_seen(seen: float, people: int) -> None:
    limit = evidence.worst_upper(seen, people)
    assert seen <= limit <= 1
    assert limit <= evidence.worst_upper(seen, 2) + 1e-12


@pytest.mark.parametrize("values", [(-0.1, 9), (1.1, 9), (math.nan, 9), (0.5, 1)])
def test_no_limit_of_nothing(values: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="no limit"):
        evidence.worst_upper(*values)


def test_the_packs_evidence_counts_a_pair_of_people_once() -> None:
    fmr = SCORES.curve[len(SCORES.curve) // 2].fmr
    told = evidence.of_pack(SCORES, fmr, 6)
    people_pairs = SCORES.identities * (SCORES.identities - 1) // 2
    trials = min(people_pairs, SCORES.impostor_pairs)
    low, high = clopper_pearson(round(fmr * trials), trials)
    assert told.if_independent == pytest.approx((1 - (1 - low) ** 6, 1 - (1 - high) ** 6))
    assert told.if_independent[0] <= told.fpir <= told.if_independent[1] < told.at_worst <= 1
    assert told.fpir == pytest.approx(1 - (1 - fmr) ** 6)


@pytest.mark.parametrize("target", [0.05, 0.01, 1e-3, 1e-4])
@pytest.mark.parametrize("errors", [0, 1, 7])
def test_needed_is_the_least_number_that_demonstrates(target: float, errors: int) -> None:
    n = evidence.needed(target, errors)
    assert upper_bound(errors, n) <= target < upper_bound(errors, n - 1)


def test_a_demonstrated_bound_holds_as_often_as_stated() -> None:
    """Over many sites: how often the true rate at the bound read off the scores exceeds the
    target. It must be at most 5 %, and, with so many trials, not be far below."""
    target, strangers, runs = 0.05, 150, 4000
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(runs):
        scores = rng.random(strangers)  # uniform: the true rate at a bound b is 1 - b
        bound = evidence.demonstrated_bound(list(scores), strangers, target)
        assert bound is not None
        wrong += 1 - bound > target
    assert 0.02 <= wrong / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_too_few_strangers_demonstrate_nothing() -> None:
    n = evidence.needed(0.01)
    assert evidence.demonstrated_bound([0.1] * (n - 1), n - 1, 0.01) is None
    assert evidence.demonstrated_bound([0.1] * n, n, 0.01) == np.nextafter(0.1, 1)
    assert evidence.demonstrated_bound([0.1] * n, 0, 0.01) is None


def test_a_person_seen_often_is_one_trial_and_many_errors() -> None:
    """Ten thousand tracks of few people show no more than the few people do."""
    n = evidence.needed(0.05)
    tracks = [0.9] * 30 + [0.1] * 10_000
    assert evidence.demonstrated_bound(tracks, n - 1, 0.05) is None
    bound = evidence.demonstrated_bound(tracks, 2 * n, 0.05)
    assert bound is not None and bound > 0.9


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=200),
    st.sampled_from([0.05, 0.02, 1e-3]),
)
def test_bounds_keep_out_all_but_the_targets_share(scores: list[float], target: float) -> None:
    least = evidence.least_bound(scores, len(scores), target)
    assert sum(s >= least for s in scores) <= target * len(scores)
    shown = evidence.demonstrated_bound(scores, len(scores), target)
    if shown is not None:
        assert shown >= least
        assert upper_bound(sum(s >= shown for s in scores), len(scores)) <= target


def test_stricter_targets_ask_for_no_less() -> None:
    rng = np.random.default_rng(3)
    scores = list(rng.random(500))
    bounds = [evidence.least_bound(scores, 500, t) for t in (0.05, 0.01, 1e-3, 1e-5)]
    assert all(a <= b for a, b in pairwise(bounds)) and bounds[-1] > max(scores)
