"""Random values of a simulation, drawn from one of two ranges that have nothing in common.

What a network learned from the one can be measured on the other: other paper, other screens, other
light. A parameter is a field of a frozen dataclass; its ranges stand beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar, get_type_hints

import numpy as np

RANGES = ("train", "test")
Interval = tuple[float, float]
T = TypeVar("T")
_KEY = "drawn"


def _intervals(told: Interval | Sequence[Interval]) -> tuple[Interval, ...]:
    if isinstance(told[0], int | float):
        return ((float(told[0]), float(told[1])),)  # type: ignore[arg-type]
    return tuple((float(a), float(b)) for a, b in told)  # type: ignore[misc]


@dataclass(frozen=True)
class Span:
    """A number: uniform over intervals [a, b), or over their logarithms.

    share: how often it is drawn at all; else it is `otherwise`. Raises ValueError when the two
    ranges overlap.
    """

    train: tuple[Interval, ...]
    test: tuple[Interval, ...]
    share: float = 1.0
    otherwise: float = 0.0
    log: bool = False

    def __post_init__(self) -> None:
        both = sorted((*self.train, *self.test))
        if any(a >= b for a, b in both) or any(one[1] > other[0] for one, other in pairwise(both)):
            raise ValueError(f"ranges must be intervals apart from each other: {self}")

    def draw(self, rng: np.random.Generator, name: str) -> float:
        """A value of range `name`."""
        if rng.random() >= self.share:
            return self.otherwise
        parts = np.array(self.train if name == "train" else self.test)
        if self.log:
            parts = np.log(parts)
        wide = parts[:, 1] - parts[:, 0]
        low, high = parts[int(rng.choice(len(parts), p=wide / wide.sum()))]
        value = float(rng.uniform(low, high))
        return round(float(np.exp(value)) if self.log else value, 5)

    def holds(self, value: float, name: str) -> bool:
        """Whether range `name` could have given it (to the digits that are kept)."""
        if self.share < 1 and value == self.otherwise:
            return True
        parts = self.train if name == "train" else self.test
        return any(a - 1e-5 <= value <= b + 1e-5 for a, b in parts)


@dataclass(frozen=True)
class Choice:
    """One of some words. Raises ValueError when the ranges share one.

    share: how often it is drawn at all; else it is `otherwise`.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    share: float = 1.0
    otherwise: str = ""

    def __post_init__(self) -> None:
        if not self.train or not self.test or set(self.train) & set(self.test):
            raise ValueError(f"both ranges need words of their own: {self}")

    def draw(self, rng: np.random.Generator, name: str) -> str:
        """A word of range `name`."""
        if rng.random() >= self.share:
            return self.otherwise
        words = self.train if name == "train" else self.test
        return words[int(rng.integers(len(words)))]

    def holds(self, value: str, name: str) -> bool:
        """Whether range `name` could have given it."""
        if self.share < 1 and value == self.otherwise:
            return True
        return value in (self.train if name == "train" else self.test)


@dataclass(frozen=True)
class Chance:
    """Yes or no, equally often in both ranges: presence is no property that could differ."""

    share: float

    def draw(self, rng: np.random.Generator, name: str) -> bool:
        """True in `share` of the draws."""
        del name
        return bool(rng.random() < self.share)

    def holds(self, value: bool, name: str) -> bool:
        """Both ranges have both."""
        del name
        return value in (True, False)


def span(
    train: Interval | Sequence[Interval],
    test: Interval | Sequence[Interval],
    *,
    share: float = 1.0,
    otherwise: float = 0.0,
    log: bool = False,
) -> Any:
    """A field that is a `Span`."""
    drawn = Span(_intervals(train), _intervals(test), share, otherwise, log)
    return field(metadata={_KEY: drawn})


def choice(
    train: Sequence[str], test: Sequence[str], *, share: float = 1.0, otherwise: str = "none"
) -> Any:
    """A field that is a `Choice`."""
    return field(metadata={_KEY: Choice(tuple(train), tuple(test), share, otherwise)})


def chance(share: float) -> Any:
    """A field that is a `Chance`."""
    return field(metadata={_KEY: Chance(share)})


def drawn_by(of: type) -> Mapping[str, Any]:
    """What draws each field of a dataclass: Span, Choice, Chance, or its own type (a dataclass)."""
    types = get_type_hints(of)
    return {f.name: f.metadata.get(_KEY, types[f.name]) for f in dataclasses.fields(of)}


def draw(of: type[T], rng: np.random.Generator, name: str) -> T:
    """An instance whose every field is drawn from range `name`. Raises ValueError for no range."""
    if name not in RANGES:
        raise ValueError(f"range {name!r} is none of {', '.join(RANGES)}")
    values = {
        key: draw(how, rng, name) if isinstance(how, type) else how.draw(rng, name)
        for key, how in drawn_by(of).items()
    }
    return of(**values)


def plain(parameters: Any) -> dict[str, Any]:
    """For a list's column: nested dictionaries of numbers and words."""
    return dataclasses.asdict(parameters)


def foreign(parameters: Any, name: str, where: str = "") -> list[str]:
    """Names of values that range `name` does not have; for tests, and for who doubts a list."""
    wrong = []
    for key, how in drawn_by(type(parameters)).items():
        value = getattr(parameters, key)
        if isinstance(how, type):
            wrong += foreign(value, name, f"{where}{key}.")
        elif not how.holds(value, name):
            wrong.append(f"{where}{key}")
    return wrong
