"""Thresholds of an evaluation: the chosen one, a manifest's, and a new curve for one."""

from __future__ import annotations

import re
from typing import Any

from edge.errors import UsageError
from edge.metrics import fmr_for_fpir
from edge.packs.schema import ScoreDistribution
from edge.packs.scores import threshold as stated_threshold
from edge.score_histogram import Histogram, edge_below

DOOR_FPIR, DOOR_ROWS = 1e-3, 6
"""The door's default target, and one person's five templates with their mean."""


def chosen(given: float | None, far: float, impostor: Histogram) -> tuple[float, str]:
    """The threshold of confusion, slices and galleries, and where it comes from.

    Raises UsageError for a rate for which the pairs give none.
    """
    if given is not None:
        return edge_below(given), "given with --threshold"
    if not impostor.supports(far):
        raise UsageError(
            f"--far {far:g}: {impostor.total} impostor pairs, {int(impostor.counts[-1])} of them "
            "of the very same picture, give no threshold for it; name a higher rate, or a "
            "--threshold"
        )
    return impostor.threshold_at(far), f"the lowest with an FMR of {far:g} here"


def stated(scores: ScoreDistribution) -> list[tuple[str, float, float]]:
    """Thresholds that the pack's manifest gives, without and with its precaution."""
    found = [
        ("curve", point.fmr, edge_below(point.score))
        for point in scores.curve
        if re.fullmatch(r"1e-0[3-9]", f"{point.fmr:.0e}")
    ]
    rate = fmr_for_fpir(DOOR_FPIR, DOOR_ROWS)
    if rate >= scores.curve[-1].fmr:
        bound = edge_below(stated_threshold(scores, rate))
        found.append(("the door's bound, one person of five templates", rate, bound))
    return found


def scores_of(result: dict[str, Any]) -> dict[str, Any]:
    """The figures as `[roles.embedder.head.scores]` of a manifest."""
    return {
        "data": f"{result['data']}: {result['people']} people, {result['faces']} faces, "
        "every pair of single templates of different people; pairs share people",
        "identities": result["people"],
        "impostor_pairs": result["impostor_pairs"],
        "curve": result["impostor_curve"],
    }
