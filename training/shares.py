"""Shares of trials that hang together, since they are of few people: intervals draw the people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.bootstrap import clustered_limits
from edge.intervals import clopper_pearson


@dataclass(frozen=True, slots=True)
class Share:
    """hits of trials, with a 95 % interval over people, whose trials hang together."""

    hits: int
    trials: int
    people: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.trials


def share(hits: Mapping[str, int], trials: Mapping[str, int]) -> Share | None:
    """Of trials by person. None without trials. ValueError for more hits than trials.

    The interval draws people. Where all trials went one way there is nothing to draw from, and it
    is the exact one with each person as a single trial.
    """
    people = sorted(person for person, count in trials.items() if count)
    if not people:
        return None
    errors = np.array([hits.get(person, 0) for person in people])
    of = np.array([trials[person] for person in people])
    if (errors > of).any() or (errors < 0).any() or sum(hits.values()) != errors.sum():
        raise ValueError("hits without trials")
    total, count = int(of.sum()), int(errors.sum())
    if count in (0, total):
        low, high = clopper_pearson(len(people) if count else 0, len(people))
    else:
        limits = clustered_limits(errors[:, None], of[:, None])
        low, high = limits.low, limits.high
    return Share(count, total, len(people), low, high)
