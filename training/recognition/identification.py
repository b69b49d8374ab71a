"""1:N, open set: a gallery of enrolled people, probes of them and of strangers.

Galleries are built by the device's own `edge.gallery`: templates and their mean, a person's score
the best of them. The door asks N of M frames and a lead over the next person besides; here a search
is one picture and the threshold alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bootstrap import clustered_limits
from edge.gallery import Gallery, Person, Template
from edge.metrics import fmr_for_fpir, fpir_fnir
from edge.score_histogram import Histogram
from training.recognition.verification import rate

SIZES = (1, 5, 20, 100, 500, 2000)
TEMPLATES = 5
PROBES = 3
"""At most so many searches of one person in one gallery, or a few people would decide the rates."""
SEARCHES = 2000
"""Small galleries are drawn several times, so that about so many people are enrolled in all."""
MOST_DRAWS = 50
TARGETS = (1e-2, 1e-3)
NO_EMBEDDER = "0" * 64
STEPS = 120


@dataclass(frozen=True, eq=False)
class Searches:
    """All searches of galleries of one size.

    score: (S,) the best score. right: (S,) bool, of the right person; False for strangers.
    mated: (S,) bool, whether the one who searches is enrolled. person: (S,) who searches. gallery:
    (S,) which one. rows: (G,) rows of each gallery.
    """

    score: NDArray[np.float64]
    right: NDArray[np.bool_]
    mated: NDArray[np.bool_]
    person: NDArray[np.int64]
    gallery: NDArray[np.int64]
    rows: NDArray[np.int64]


def search(
    vectors: NDArray[np.float32],
    people: NDArray[np.int64],
    size: int,
    *,
    galleries: int,
    seed: int = 0,
) -> Searches:
    """Searches of random galleries of `size` people, who have two pictures or more each.

    vectors: (N, D). people: (N,) 0..P-1. Raises ValueError for too few people.
    """
    rng = np.random.default_rng([seed, size])
    faces = np.bincount(people)
    eligible = np.nonzero(faces > 1)[0]
    if size > len(eligible) or size >= len(faces):
        raise ValueError(f"{size} cannot be enrolled of {len(eligible)} people with two pictures")
    parts: list[tuple[Any, ...]] = []
    rows = []
    for g in range(galleries):
        enrolled = rng.choice(eligible, size, replace=False)
        place = np.full(len(faces), -1)
        place[enrolled] = np.arange(size)
        # everybody's pictures in random order, one person after the other
        order = np.lexsort((rng.random(len(people)), people))
        owner = people[order]
        rank = np.arange(len(order)) - np.repeat(np.cumsum(faces) - faces, faces)
        kept = np.where(place >= 0, np.minimum(TEMPLATES, faces - 1), 0)[owner]
        templates, asked = rank < kept, (rank >= kept) & (rank < kept + PROBES)
        gallery = _gallery(vectors, order[templates], place[owner[templates]], size)
        best, who = _best(gallery, vectors[order[asked]])
        owner = owner[asked]
        parts.append((best, who == place[owner], place[owner] >= 0, owner, np.full(len(owner), g)))
        rows.append(len(gallery.matrix))
    score, right, mated, person, drawn = (np.concatenate([p[k] for p in parts]) for k in range(5))
    return Searches(score, right & mated, mated, person, drawn, np.array(rows))


def _gallery(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], place: NDArray[np.int64], size: int
) -> Gallery:
    def template(row: int) -> Template:
        return Template(vectors[row], NO_EMBEDDER, 0.0, 0.0, 0.0, 0.0, 0.0, "evaluation")

    people = [
        Person(str(i), tuple(template(int(r)) for r in rows[place == i]), 0.0) for i in range(size)
    ]
    return Gallery(people, NO_EMBEDDER, vectors.shape[1])


def _best(
    gallery: Gallery, probes: NDArray[np.float32], block: int = 1024
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Best score and person of each probe, as `Gallery.search` finds them, many at once."""
    scores, owners = [], []
    for start in range(0, len(probes), block):
        table = probes[start : start + block] @ gallery.matrix.T
        row = table.argmax(axis=1)
        scores.append(table[np.arange(len(table)), row])
        owners.append(gallery.row_person[row])
    return np.concatenate(scores).astype(np.float64), np.concatenate(owners)


def crossed(
    wrong: NDArray[np.bool_], part: NDArray[np.bool_], searches: Searches, repetitions: int
) -> dict[str, Any] | None:
    """The rate of `wrong` among `part`, with intervals over people and galleries."""
    who, gallery = searches.person[part], searches.gallery[part]
    if not len(who):
        return None
    present, row = np.unique(who, return_inverse=True)
    shape = len(present), len(searches.rows)
    trials, errors = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(trials, (row, gallery), 1)
    np.add.at(errors, (row, gallery), wrong[part])
    limits = clustered_limits(errors, trials, repetitions=repetitions)
    return rate(int(errors.sum()), int(trials.sum()), limits)


def figures(searches: Searches, threshold: NDArray[np.float64], repetitions: int) -> dict[str, Any]:
    """FPIR and FNIR, the threshold given for each gallery (G,)."""
    reached = searches.score >= threshold[searches.gallery]
    missed = ~(reached & searches.right)
    return {
        "threshold": float(threshold.mean()),
        "fpir": crossed(reached, ~searches.mated, searches, repetitions),
        "fnir": crossed(missed, searches.mated, searches, repetitions),
    }


def open_set(
    vectors: NDArray[np.float32],
    people: NDArray[np.int64],
    impostor: Histogram,
    threshold: float,
    *,
    repetitions: int = 1000,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """For each gallery size: rank 1, rates at `threshold`, at the door's rule, and curves.

    The door's rule divides a target FPIR among the gallery's rows as if comparisons were
    independent (`edge.metrics.fmr_for_fpir`) and takes the threshold for that FMR; here from
    the impostor pairs of the same data. A size that too few people allow is left out.
    """
    eligible = int((np.bincount(people) > 1).sum())
    count = int(people.max()) + 1
    out = []
    for size in SIZES:
        if size > eligible or size >= count:
            continue
        galleries = max(1, min(MOST_DRAWS, SEARCHES // size))
        found = search(vectors, people, size, galleries=galleries, seed=seed)
        rules = []
        for target in TARGETS:
            rates = [fmr_for_fpir(target, int(rows)) for rows in found.rows]
            if not impostor.supports(min(rates)):
                continue  # the data have no threshold for a rate as rare
            bounds = np.array([impostor.threshold_at(r) for r in rates])
            rules.append({"target": target, **figures(found, bounds, repetitions)})
        at = np.full(galleries, threshold)
        out.append(
            {
                "size": size,
                "galleries": galleries,
                "rows": float(found.rows.mean()),
                "rank1": crossed(found.right, found.mated, found, repetitions),
                "at_threshold": figures(found, at, repetitions),
                "door_rule": rules,
                "curve": curve(found),
            }
        )
    return out


def curve(found: Searches) -> dict[str, list[float]]:
    """FPIR and FNIR over thresholds, for drawing."""
    strangers, mated = found.score[~found.mated], found.score[found.mated]
    right = found.right[found.mated]
    top = float(max(strangers.max(), np.quantile(mated, 0.9)))
    grid = np.linspace(float(np.quantile(strangers, 0.02)), top, STEPS)
    rates = [fpir_fnir(strangers, mated, right, float(t)) for t in grid]
    return {
        "threshold": [float(t) for t in grid],
        "fpir": [fp.value for fp, _ in rates],
        "fnir": [fn.value for _, fn in rates],
    }
