from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.liveness.attacks import INSTRUMENTS
from training.liveness.attacks.camera import Camera
from training.liveness.attacks.ranges import (
    RANGES,
    Choice,
    Span,
    chance,
    choice,
    draw,
    drawn_by,
    foreign,
    plain,
    span,
)


@dataclass(frozen=True, kw_only=True)
class Inner:
    a: float = span([(0, 1), (3, 4)], (1, 3))
    b: float = span((1e-3, 1e-1), (1e-1, 1), share=0.5, otherwise=-1.0, log=True)


@dataclass(frozen=True, kw_only=True)
class Outer:
    word: str = choice(["x", "y"], ["z"], share=0.7)
    yes: bool = chance(0.3)
    inner: Inner


@given(st.integers(0, 2**32), st.sampled_from(RANGES))
def test_what_is_drawn_is_of_its_range_and_of_no_other(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    made = draw(Outer, rng, name)
    assert foreign(made, name) == []
    other = "test" if name == "train" else "train"
    absent = {"word"} if made.word == "none" else set()
    absent |= {"inner.b"} if made.inner.b == -1 else set()
    assert set(foreign(made, other)) == {"word", "inner.a", "inner.b"} - absent
    assert json.loads(json.dumps(plain(made))) == plain(made)


def test_shares_and_logarithms_are_kept_to() -> None:
    rng = np.random.default_rng(0)
    made = [draw(Inner, rng, "train") for _ in range(2000)]
    drawn = np.array([m.b for m in made if m.b != -1])
    assert len(drawn) / len(made) == pytest.approx(0.5, abs=0.05)
    assert np.median(np.log10(drawn)) == pytest.approx(-2, abs=0.1)
    assert np.mean([m.a > 2 for m in made]) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (((0, 2),), ((1, 3),)),
        (((0, 5),), ((1, 2),)),
        (((1, 1),), ((2, 3),)),
        (((2, 1),), ((3, 4),)),
    ],
)
def test_ranges_that_overlap_or_are_empty_are_refused(
    train: tuple[tuple[float, float], ...], test: tuple[tuple[float, float], ...]
) -> None:
    with pytest.raises(ValueError, match="apart"):
        Span(train, test)


def test_words_of_both_ranges_are_refused() -> None:
    with pytest.raises(ValueError, match="their own"):
        Choice(("a", "b"), ("b",))
    with pytest.raises(ValueError, match="their own"):
        Choice(("a",), ())


def test_there_is_no_third_range() -> None:
    with pytest.raises(ValueError, match="validation"):
        draw(Inner, np.random.default_rng(0), "validation")


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("of", RANGES)
def test_instruments_keep_to_their_range(name: str, of: str) -> None:
    rng = np.random.default_rng(5)
    other = "test" if of == "train" else "train"
    for _ in range(30):
        made = INSTRUMENTS[name].draw(rng, of)
        assert foreign(made, of) == []
        assert len(foreign(made, other)) > 10
        assert json.loads(json.dumps(plain(made))) == plain(made)


def test_every_value_of_a_camera_has_two_ranges_but_for_yes_and_no() -> None:
    kinds = {type(how).__name__ for how in drawn_by(Camera).values()}
    assert kinds == {"Span", "Chance"}
