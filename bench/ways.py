"""Several ways to do the same work, and what timing them said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bench.timing import Timed, interleaved

OURS = "native"
"""What our own way is called in every comparison."""


@dataclass(frozen=True)
class Ways:
    """Calls that do `work` at `size`, by name."""

    work: str
    size: int
    calls: Mapping[str, Callable[[], object]]


@dataclass(frozen=True)
class Result:
    """One way to do `work` at `size`."""

    work: str
    size: int
    way: str
    time: Timed


def measure(ways: Ways, seconds: float) -> list[Result]:
    """Time them in turn for about `seconds`."""
    timed = interleaved(ways.calls, seconds, warm=3)
    return [Result(ways.work, ways.size, way, time) for way, time in timed.items()]


def ratios(results: Iterable[Result]) -> dict[tuple[str, int], float]:
    """(work, size) to the best peer's median over ours. Only where there is a peer."""
    by_key: dict[tuple[str, int], dict[str, float]] = {}
    for result in results:
        by_key.setdefault((result.work, result.size), {})[result.way] = result.time.median
    return {
        key: min(us for way, us in ways.items() if way != OURS) / ways[OURS]
        for key, ways in by_key.items()
        if OURS in ways and len(ways) > 1
    }
