"""Times things against each other on a machine that others use as well."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timed:
    """Microseconds per call: the median and the quartiles of `rounds` calls."""

    median: float
    low: float
    high: float
    rounds: int


def interleaved(
    calls: Mapping[str, Callable[[], object]], seconds: float, *, warm: int = 0
) -> dict[str, Timed]:
    """Each call in turn, over and over until the time is up, at least five rounds.

    warm: so many calls that are not timed precede each that is, since one that reads much memory
    would else leave cold caches to the next.

    In turn, so that whatever slows the machine down for a while slows all of them; a first round is
    not counted. Medians, since such whiles have no bell curve.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < 5 or time.perf_counter() < end:
        for name, call in calls.items():
            for _ in range(warm):
                call()
            start = time.perf_counter()
            call()
            taken[name].append((time.perf_counter() - start) * 1e6)
        rounds += 1
    timed = {}
    for name, times in taken.items():
        low, median, high = statistics.quantiles(times, n=4)
        timed[name] = Timed(median, low, high, rounds)
    return timed
