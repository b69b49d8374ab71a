"""From a false-accept target to a score bound, by the pack's impostor distribution."""

from __future__ import annotations

import itertools
import math

from edge.errors import UndemonstratedTarget
from edge.packs.schema import ScoreDistribution


def threshold(scores: ScoreDistribution, fmr: float) -> float:
    """The cosine score at or above which impostor comparisons lie with rate `fmr`, raised by the
    pack's `same_camera_shift` and never above 1.

    Linear in the score over the logarithm of the rate, between the curve's points; a rate more
    frequent than the curve's first point takes that point's score (the stricter side).

    Raises UndemonstratedTarget when `fmr` is rarer than the curve reaches: the tail is never
    extrapolated.
    """
    curve = scores.curve
    if fmr < curve[-1].fmr:
        raise UndemonstratedTarget(
            f"a false match rate of {fmr:.3g} per comparison is not demonstrated: the pack's "
            f"distribution ({scores.impostor_pairs} pairs of {scores.identities} people) reaches "
            f"{curve[-1].fmr:.3g}. Raise decision.target_fpir, enrol fewer people, or use a pack "
            "with more evidence"
        )
    if fmr >= curve[0].fmr:
        return min(curve[0].score + scores.same_camera_shift, 1.0)
    for above, below in itertools.pairwise(curve):
        if below.fmr <= fmr:
            span = math.log(above.fmr) - math.log(below.fmr)
            part = (math.log(above.fmr) - math.log(fmr)) / span
            score = above.score + part * (below.score - above.score)
            return min(score + scores.same_camera_shift, 1.0)
    raise AssertionError("unreachable: fmr lies within the curve")


def match_rate(scores: ScoreDistribution, score: float) -> float:
    """The share of the pack's impostor pairs at or above `score`, or a share it stays below.

    The inverse of `threshold`, `same_camera_shift` included: a score counts for as much as one
    lower by it does in the pack's data. Above the curve it is the curve's rarest rate (no less is
    shown), below it 1.
    """
    curve = scores.curve
    plain = score - scores.same_camera_shift
    if plain < curve[0].score:
        return 1.0
    for above, below in itertools.pairwise(curve):
        if plain < below.score:
            part = (plain - above.score) / (below.score - above.score)
            return math.exp(math.log(above.fmr) + part * math.log(below.fmr / above.fmr))
    return curve[-1].fmr
