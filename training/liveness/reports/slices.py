"""Where an instrument gets through: APCER by the parameters that its attacks were made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.liveness.reports.figures import shared_rate
from training.liveness.reports.scored import Scored

LEAST = 30
"""Presentations that a slice must have."""
PARTS = 3
"""A numeric parameter is cut into so many equal parts."""
FEW = 5
"""Up to so many different values are slices of their own."""


def flat(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float | str]]:
    """Name and value of each parameter; inner ones as outer.inner, lists are left out."""
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, bool | str) or value is None:
            yield f"{prefix}{name}", str(value)
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", float(value)


def cut(values: list[float | str]) -> dict[str, NDArray[np.bool_]]:
    """Which of the values (n,) lie in each slice; empty where they do not differ."""
    different = sorted(set(values), key=lambda v: (isinstance(v, str), v))
    array = np.array(values, object)
    if len(different) <= FEW:
        if len(different) < 2:
            return {}
        return {_name(v): np.asarray(array == v, np.bool_) for v in different}
    if any(isinstance(v, str) for v in different):
        return {}
    numbers = array.astype(np.float64)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, PARTS + 1)))
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    return {
        f"{edges[i]:.3g} to {edges[i + 1]:.3g}": np.asarray(place == i)
        for i in range(len(edges) - 1)
    }


def _name(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def slices(scored: Scored, bounds: Mapping[str, float]) -> list[dict[str, Any]]:
    """APCER of every network in every slice with `LEAST` presentations or more."""
    found = []
    for label in scored.instruments:
        chosen = np.nonzero((scored.labels == label) & scored.answered)[0]
        told = [dict(flat(scored.samples[i].parameters)) for i in chosen]
        for name in sorted({key for one in told for key in one}):
            known = np.array([name in one for one in told], np.bool_)
            rows = chosen[known]
            for part, inside in cut([one[name] for one in told if name in one]).items():
                if inside.sum() < LEAST:
                    continue
                of = rows[inside]
                rates = {
                    network: shared_rate(scored.scores[network][of] >= bound, scored.people[of])
                    for network, bound in bounds.items()
                }
                found.append(
                    {"instrument": label, "parameter": name, "slice": part, "apcer": rates}
                )
    return found
