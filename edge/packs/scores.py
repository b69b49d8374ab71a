"""From a false-accept target to a score bound, by the pack's impostor distribution."""

from __future__ import annotations

import itertools
import math

from edge.errors import UndemonstratedTarget
from edge.packs.schema import ScoreDistribution


def comparison_fmr(target_fpir: float, comparisons: int) -> float:
    """The false match rate per comparison that keeps a search at `target_fpir`.

    FPIR = 1 - (1 - FMR)^n for n comparisons taken as independent (ISO/IEC 19795-1); templates of
    one person are not, so this errs on the safe side.
    """
    if not 0 < target_fpir < 1:
        raise ValueError(f"target_fpir is a rate above 0 and below 1, not {target_fpir!r}")
    return -math.expm1(math.log1p(-target_fpir) / max(comparisons, 1))


def threshold(scores: ScoreDistribution, fmr: float) -> float:
    """The cosine score at or above which impostor comparisons lie with rate `fmr`.

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
        return curve[0].score
    for above, below in itertools.pairwise(curve):
        if below.fmr <= fmr:
            span = math.log(above.fmr) - math.log(below.fmr)
            part = (math.log(above.fmr) - math.log(fmr)) / span
            return above.score + part * (below.score - above.score)
    raise AssertionError("unreachable: fmr lies within the curve")
