"""What counted pairs and recorded strangers demonstrate of a rate, and what they do not.

Pairs that share a person are not independent: one person who resembles many makes many pairs match
at once. How much, a pack's counts do not say. So two limits are given, and the truth lies between:
one as if every pair of people were an independent trial, and one that holds whatever the
dependence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from edge.intervals import clopper_pearson, upper_bound
from edge.metrics import fpir, threshold_at
from edge.packs.schema import ScoreDistribution

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class PackEvidence:
    """What the pack's data show of the FPIR at a bound where their FMR is `fmr`.

    comparisons: of a probe with the gallery. fpir: 1 - (1 - fmr)^comparisons. if_independent: its
    exact two-sided interval if pairs of people were independent trials; each pair of people counts
    once, however many pictures. at_worst: its one-sided upper limit however pairs that share a
    person depend on each other. Both at `CONFIDENCE`, both for people like those of the data.
    """

    identities: int
    impostor_pairs: int
    comparisons: int
    fmr: float
    fpir: float
    if_independent: tuple[float, float]
    at_worst: float

    def as_json(self) -> dict[str, object]:
        """Its fields."""
        return asdict(self)


def of_pack(scores: ScoreDistribution, fmr: float, comparisons: int) -> PackEvidence:
    """The evidence for a rate `fmr`, 0..1, per comparison."""
    people = scores.identities
    pairs = min(people * (people - 1) // 2, scores.impostor_pairs)
    low, high = clopper_pearson(round(fmr * pairs), pairs, CONFIDENCE)
    return PackEvidence(
        people,
        scores.impostor_pairs,
        comparisons,
        fmr,
        fpir(fmr, comparisons),
        (fpir(low, comparisons), fpir(high, comparisons)),
        fpir(worst_upper(fmr, people), comparisons),
    )


def worst_upper(observed: float, people: int, confidence: float = CONFIDENCE) -> float:
    """Upper limit of a match rate `observed` over all pairs of `people` >= 2, for any dependence.

    The mean over all pairs is a U-statistic of order 2: an average of averages of people // 2
    disjoint, so independent, pairs. The bound of Chernoff and Hoeffding for so many trials holds
    for it (Hoeffding 1963, theorem 1 and section 5a): the limit is the p > observed with
    (people // 2) KL(observed, p) = -ln(1 - confidence). It also holds for a threshold chosen
    on the same pairs. Several pictures of a person count as one, their mean.
    """
    if not 0 <= observed <= 1 or people < 2 or not 0 < confidence < 1:
        raise ValueError(f"no limit for {observed!r} of {people} people at {confidence!r}")
    allowed = -math.log1p(-confidence) / (people // 2)
    low, high = observed, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if _divergence(observed, middle) < allowed:
            low = middle
        else:
            high = middle
    return high


def _divergence(q: float, p: float) -> float:
    """KL(q, p) in nats between two coins, 0 <= q <= 1, 0 < p < 1."""
    head = 0.0 if q == 0 else q * math.log(q / p)
    return head + (0.0 if q == 1 else (1 - q) * (math.log1p(-q) - math.log1p(-p)))


def needed(target: float, errors: int = 0) -> int:
    """How many strangers, of whom `errors` match, demonstrate `target`, 0 < target < 1."""
    low, high = errors, max(errors, 1)
    while upper_bound(errors, high, CONFIDENCE) > target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if upper_bound(errors, middle, CONFIDENCE) <= target else (middle, high)
        )
    return high


def least_bound(best: Sequence[float], strangers: int, target: float) -> float:
    """The lowest bound that at most `target` of `strangers` reach by count, best scores per track.

    With fewer than 1 / target strangers that is just above the highest of all. Tracks count as
    errors and people as trials, so a person who comes twice is not counted as two.
    """
    allowed = math.floor(target * strangers + 1e-9)
    return _just_above(best, allowed)


def demonstrated_bound(best: Sequence[float], strangers: int, target: float) -> float | None:
    """The lowest bound at which `strangers` demonstrate `target`; None if no bound does.

    How many may match is fixed before the scores are looked at: the most for which the exact upper
    limit is at most the target. So the limit holds for the bound that is then read off the scores
    (a one-sided tolerance limit, Wilks 1941).
    """
    if strangers < 1 or upper_bound(0, strangers, CONFIDENCE) > target:
        return None
    allowed = 0
    while allowed + 1 < strangers and upper_bound(allowed + 1, strangers, CONFIDENCE) <= target:
        allowed += 1
    return _just_above(best, allowed)


def _just_above(best: Sequence[float], allowed: int) -> float:
    if allowed >= len(best):
        return -1.0
    return threshold_at(np.asarray(best), allowed / len(best))
