"""Choosing the bound of a liveness score on presentations that are kept for that."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge.metrics import checked


def least_acer(attacks: Mapping[str, ArrayLike], live: ArrayLike) -> tuple[float, float]:
    """The bound where the ACER is least, and that ACER: (worst APCER + BPCER) / 2.

    Where several bounds are as good, the one in the middle of the widest gap between scores. It
    is read off these scores: what it does to others must be measured on others. Raises ValueError
    without attacks.
    """
    if not attacks:
        raise ValueError("no attack instruments")
    bona_fide = checked(live, "live scores")
    by_name = [checked(values, f"attack {name!r}") for name, values in attacks.items()]
    seen = np.unique(np.concatenate([bona_fide, *by_name]))
    between = (seen[1:] + seen[:-1]) / 2
    bounds = np.concatenate([[seen[0]], between, [np.nextafter(seen[-1], np.inf)]])
    worst = np.max([1 - _below(values, bounds) for values in by_name], axis=0)
    acers = (worst + _below(bona_fide, bounds)) / 2
    gaps = np.concatenate([[0.0], np.diff(seen), [0.0]])
    best = acers <= acers.min() + 1e-12
    chosen = int(np.flatnonzero(best)[np.argmax(gaps[best])])
    return float(bounds[chosen]), float(acers[chosen])


def _below(values: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the values below each bound."""
    return np.searchsorted(np.sort(values), bounds, side="left") / values.size
