"""Where an instrument gets through: APCER by what its attacks were made with, BPCER likewise.

Hundreds of parameters are tried, so the most different ones are different by chance. Those that are
called so have a chi-squared test of their slices behind them, with the false discovery rate held
over all parameters (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from edge.metrics import Rate
from training.liveness.reports.scored import Scored
from training.liveness.samples import LIVE

LEAST = 30
"""Presentations that a slice must have."""
PARTS = 3
"""A numeric parameter is cut into so many equal parts."""
Q = 0.05
"""False discovery rate."""
FEW = 5
"""Up to so many different values are slices of their own."""


class _Cut(NamedTuple):
    """Rows of one label's presentations in each slice of a parameter."""

    label: str
    parameter: str
    parts: Mapping[str, NDArray[np.intp]]


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
    """Every parameter, of living faces and instruments, with two slices of `LEAST` or more.

    depends: by network, whether the errors differ between the slices (`Q`).
    """
    found: list[_Cut] = []
    for label in (LIVE, *scored.instruments):
        chosen = np.nonzero((scored.labels == label) & scored.answered)[0]
        told = [dict(flat(scored.samples[i].parameters)) for i in chosen]
        for name in sorted({key for one in told for key in one}):
            known = np.array([name in one for one in told], np.bool_)
            parts = {
                part: chosen[known][inside]
                for part, inside in cut([one[name] for one in told if name in one]).items()
                if inside.sum() >= LEAST
            }
            if len(parts) > 1:
                found.append(_Cut(label, name, parts))
    tests = {network: _depends(scored, found, network, bound) for network, bound in bounds.items()}
    return [
        {
            "label": one.label,
            "parameter": one.parameter,
            "depends": {network: bool(tests[network][i]) for network in bounds},
            "slices": [
                {"slice": part, "errors": _rates(scored, one.label, rows, bounds)}
                for part, rows in one.parts.items()
            ],
        }
        for i, one in enumerate(found)
    ]


def _errors(scored: Scored, label: str, network: str, rows: NDArray[np.intp], bound: float) -> int:
    passed = int((scored.scores[network][rows] >= bound).sum())
    return len(rows) - passed if label == LIVE else passed


def _rates(
    scored: Scored, label: str, rows: NDArray[np.intp], bounds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    told = {}
    for network, bound in bounds.items():
        rate = Rate(_errors(scored, label, network, rows, bound), len(rows))
        told[network] = {
            "value": rate.value,
            "count": rate.errors,
            "trials": rate.trials,
            "exact": list(rate.interval),
        }
    return told


def _depends(
    scored: Scored, found: Sequence[_Cut], network: str, bound: float
) -> NDArray[np.bool_]:
    """(n,) of the parameters found, with the false discovery rate held over them."""
    if not found:
        return np.zeros(0, np.bool_)
    chances = []
    for one in found:
        parts = one.parts.values()
        wrong = [_errors(scored, one.label, network, rows, bound) for rows in parts]
        table = np.array([wrong, [len(rows) for rows in parts]])
        table[1] -= table[0]
        even = (table.sum(axis=1) == 0).any()  # all are wrong, or none is
        chances.append(1.0 if even else float(stats.chi2_contingency(table).pvalue))
    return np.asarray(stats.false_discovery_control(chances) <= Q, np.bool_)
