"""What the enrolled templates say among themselves: who looks alike, and what a bound costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.faces.observation import Floats
from edge.gallery import Gallery


@dataclass(frozen=True, slots=True)
class Pair:
    """Two enrolled people who look alike. same: the door may take one for the other."""

    people: tuple[str, str]
    score: float
    same: bool

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reach:
    """How well a person's templates match the person's others; scores: best cosine of each.

    Templates of one sitting are more alike than two visits are, so a share of these at or above a
    bound is more than the person's admissions will be. Empty for a single template.
    """

    person: str
    scores: tuple[float, ...]

    def as_json(self, bound: float) -> dict[str, Any]:
        """{person, templates_at_or_above_bound, of, lowest}; None where there is nothing to say."""
        known = bool(self.scores)
        return {
            "person": self.person,
            "templates_at_or_above_bound": sum(s >= bound for s in self.scores) if known else None,
            "of": len(self.scores) if known else None,
            "lowest": min(self.scores) if known else None,
        }


def own_scores(gallery: Gallery) -> tuple[Reach, ...]:
    """For everybody, each template against the others and the others' mean."""
    return tuple(
        Reach(name, _against_others(gallery.matrix[_templates(gallery, number)]))
        for number, name in enumerate(gallery.names)
    )


def _against_others(rows: Floats) -> tuple[float, ...]:
    if len(rows) < 2:
        return ()
    best = []
    for k, row in enumerate(rows):
        others = np.delete(rows, k, axis=0).astype(np.float64)
        mean = others.mean(axis=0)
        known = np.vstack([others, mean / np.linalg.norm(mean)])
        best.append(float((known @ row).max()))
    return tuple(best)


def median_best(gallery: Gallery, probes: Floats) -> list[float]:
    """For each person of the gallery the median over `probes`, (n, D), of their best row's cosine.

    Not that of the probes' mean: see `edge.enrolment.compare.likeness`.
    """
    unit = probes.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    rows = unit @ gallery.matrix.T
    return [
        float(np.median(rows[:, gallery.row_person == number].max(axis=1)))
        for number in range(len(gallery))
    ]


def pairs(gallery: Gallery, bound: float, warn_from: float) -> tuple[Pair, ...]:
    """Pairs of people who score `warn_from` or more against each other, most alike first.

    A pair's score is that of enrolment: the median over one's templates of the best of the other's
    rows; of both directions the higher.
    """
    found = []
    for a in range(len(gallery)):
        scores = median_best(gallery, gallery.matrix[_templates(gallery, a)])
        for b, score in enumerate(scores):
            if b != a and score >= warn_from:
                found.append((score, min(a, b), max(a, b)))
    best: dict[tuple[int, int], float] = {}
    for score, a, b in found:
        best[a, b] = max(score, best.get((a, b), -1.0))
    ordered = sorted(best.items(), key=lambda item: -item[1])
    return tuple(
        Pair((gallery.names[a], gallery.names[b]), score, score >= bound)
        for (a, b), score in ordered
    )


def _templates(gallery: Gallery, number: int) -> NDArray[np.bool_]:
    return np.asarray((gallery.row_person == number) & ~gallery.is_mean, np.bool_)
