"""How far two versions of a network lie apart, in the units in which a person would notice.

Each measure has a bound: what the 8-bit version may differ from the float one on average. They
are small beside the networks' own errors, so that 8 bits do not show in the results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Outputs: TypeAlias = Mapping[str, NDArray[np.float32]]
"""A network's outputs by name, for one picture."""

OUTER_EYES = (36, 45)
LEAST_EYES = 0.1
"""Eyes closer together than this part of a crop are no face's, and blow up no error."""
FAINT = 1e-3
"""Least weight of a cell without a face: a network that sees none is still compared."""


@dataclass(frozen=True)
class Measure:
    """name and unit for the report; error(wanted, got) of one picture; bound on its mean."""

    name: str
    unit: str
    bound: float
    error: Callable[[Outputs, Outputs], float]


def errors(
    measures: Sequence[Measure], wanted: Sequence[Outputs], got: Sequence[Outputs]
) -> dict[str, float]:
    """Mean error over pictures by each measure."""
    return {
        m.name: float(np.mean([m.error(a, b) for a, b in zip(wanted, got, strict=True)]))
        for m in measures
    }


def share(measures: Sequence[Measure], found: Mapping[str, float]) -> float:
    """The largest error as a share of its bound: up to 1 all are within. NaN counts as infinite."""
    shares = [found[m.name] / m.bound for m in measures]
    return float(max(s if np.isfinite(s) else np.inf for s in shares))


def _logistic(x: NDArray[np.float32]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(x.astype(np.float64), -50, 50)))


def detector(levels: Sequence[tuple[str, Sequence[Sequence[float]]]]) -> tuple[Measure, ...]:
    """For the planes of `edge.packs.schema.YoloLevel`s: (output, anchors in cells) each."""

    def cells(outputs: Outputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        scores, found = [], []
        for name, anchors in levels:
            planes = outputs[name][0]
            t = planes.reshape(len(anchors), 5, *planes.shape[1:])
            size = np.exp(np.clip(t[:, 2:4].astype(np.float64), -10, 10))
            size = size * np.asarray(anchors, np.float64)[:, :, None, None]
            centre = _logistic(t[:, :2])
            box = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
            found.append(box.transpose(0, 2, 3, 1).reshape(-1, 4))
            scores.append(_logistic(t[:, 4]).ravel())
        return np.concatenate(scores), np.concatenate(found)

    return boxes(cells)


def boxes(
    cells: Callable[[Outputs], tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> tuple[Measure, ...]:
    """For any detector: `cells` gives the scores (N,) and boxes (N, 4) of its N places.

    Places count by the score that either version gives them: what is said of an empty corner
    matters only where it becomes a face.
    """

    def score(wanted: Outputs, got: Outputs) -> float:
        a, b = cells(wanted)[0], cells(got)[0]
        weight = np.maximum(np.maximum(a, b), FAINT)
        return float(np.average(np.abs(a - b), weights=weight))

    def box(wanted: Outputs, got: Outputs) -> float:
        (a, p), (b, q) = cells(wanted), cells(got)
        side = (p[:, 2] - p[:, 0] + p[:, 3] - p[:, 1]) / 2
        apart = np.abs(p - q).mean(axis=1) / np.maximum(side, 1e-6)
        weight = np.maximum(np.maximum(a, b), FAINT) ** 2
        return float(np.average(np.minimum(apart, 10.0), weights=weight))

    return (
        Measure("score", "of 0..1", 0.02, score),
        Measure("box", "of the box's side", 0.02, box),
    )


def points(output: str) -> Measure:
    """Mean distance of points (1, 2·N) over that of the outer eye corners (iBUG 68)."""

    def error(wanted: Outputs, got: Outputs) -> float:
        p, q = (o[output].reshape(-1, 2).astype(np.float64) for o in (wanted, got))
        eyes = float(np.linalg.norm(p[OUTER_EYES[0]] - p[OUTER_EYES[1]]))
        return float(np.linalg.norm(p - q, axis=1).mean()) / max(eyes, LEAST_EYES)

    return Measure("points", "of the eyes' distance", 0.006, error)


def difference(output: str, unit: str, bound: float) -> Measure:
    """Mean absolute difference of an output's values."""

    def error(wanted: Outputs, got: Outputs) -> float:
        return float(np.abs(wanted[output].astype(np.float64) - got[output]).mean())

    return Measure(output, unit, bound, error)


def angle(output: str, bound: float = 0.01) -> Measure:
    """1 - cosine of two embeddings (1, D): half the squared distance of the unit vectors.

    Strangers lie about 1 apart, frames of one person 0.2 to 0.6.
    """

    def error(wanted: Outputs, got: Outputs) -> float:
        p, q = (o[output].ravel().astype(np.float64) for o in (wanted, got))
        lengths = float(np.linalg.norm(p) * np.linalg.norm(q))
        return 1.0 - float(p @ q) / lengths if lengths > 0 else 1.0

    return Measure(output, "1 - cosine", bound, error)


def classes(output: str, bound: float) -> Measure:
    """Mean absolute difference of class probabilities, from logits (1, C)."""

    def softmax(x: NDArray[np.float32]) -> NDArray[np.float64]:
        e = np.exp(x.astype(np.float64) - x.max())
        return e / e.sum()

    def error(wanted: Outputs, got: Outputs) -> float:
        return float(np.abs(softmax(wanted[output]) - softmax(got[output])).mean())

    return Measure(output, "of 0..1", bound, error)
