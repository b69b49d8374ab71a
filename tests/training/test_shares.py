"""Shares of trials of few people: never narrower than the people allow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.shares import share


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.integers(0, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=1,
    )
)
def test_a_share_lies_in_its_interval(counts: dict[str, tuple[int, int]]) -> None:
    told = share({k: h for k, (h, _) in counts.items()}, {k: n for k, (_, n) in counts.items()})
    if not sum(n for _, n in counts.values()):
        assert told is None
        return
    assert told is not None
    assert 0 <= told.low <= told.value <= told.high <= 1
    assert told.people == sum(n > 0 for _, n in counts.values())


def test_windows_of_few_people_show_no_more_than_the_people() -> None:
    """A thousand windows of four people are four trials where all went one way."""
    people = dict.fromkeys("abcd", 1000)
    none = share({}, people)
    assert none is not None
    assert none.low == 0 and none.high == pytest.approx(0.602, abs=1e-3)  # exact, 0 of 4
    every = share(people, people)
    assert every is not None
    assert every.high == 1 and every.low == pytest.approx(0.398, abs=1e-3)


def test_people_who_differ_widen_the_interval() -> None:
    of = dict.fromkeys("abcd", 100)
    alike, apart = share(dict.fromkeys("abcd", 75), of), share({"a": 100, "b": 100, "c": 100}, of)
    assert alike is not None and apart is not None
    assert alike.value == apart.value
    assert apart.high - apart.low > 2 * (alike.high - alike.low)


def test_hits_beyond_the_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="without trials"):
        share({"a": 2}, {"a": 1})
    with pytest.raises(ValueError, match="without trials"):
        share({"b": 1}, {"a": 1})
