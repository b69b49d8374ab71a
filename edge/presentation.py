"""Error rates of presentation attack detection, with exact intervals (NumPy only).

Words follow ISO/IEC 30107-3:2023: an attack presentation shows an instrument (a print, a screen), a
bona fide one a living face. Liveness scores are higher for living faces; at or above the bound a
presentation counts as bona fide. Attacks are counted for each species of instrument, since the
mean of many species hides the one that gets in. Trials are taken as independent, which pictures of
one person are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from edge.metrics import Rate, checked, threshold_at

BPCER_AT = {"BPCER10": 0.10, "BPCER20": 0.05, "BPCER100": 0.01}
"""The BPCER where the worst instrument's APCER is at most 1 in 10, 20 and 100."""


def apcer(
    attacks: Mapping[str, ArrayLike], bound: float, confidence: float = 0.95
) -> dict[str, Rate]:
    """Attack presentation classification error rate per instrument: attacks taken for live.

    Args:
        attacks: liveness scores by attack instrument ("print", "replay", ...).
        bound: a score at or above it counts as live.
    """
    if not attacks:
        raise ValueError("no attack instruments")
    rates = {}
    for name, values in attacks.items():
        scores = checked(values, f"attack {name!r}")
        rates[name] = Rate(int((scores >= bound).sum()), scores.size, confidence)
    return rates


def worst(rates: Mapping[str, Rate]) -> str:
    """The instrument with the highest rate; of equal ones that with the higher upper limit."""
    if not rates:
        raise ValueError("no attack instruments")
    return max(rates, key=lambda name: (rates[name].value, rates[name].interval[1]))


def bpcer(live: ArrayLike, bound: float, confidence: float = 0.95) -> Rate:
    """Bona fide presentation classification error rate: live faces taken for attacks."""
    scores = checked(live, "live scores")
    return Rate(int((scores < bound).sum()), scores.size, confidence)


def acer(attacks: Mapping[str, ArrayLike], live: ArrayLike, bound: float) -> float:
    """Mean of the worst instrument's APCER and the BPCER; no term of the 2023 standard."""
    rates = apcer(attacks, bound)
    return (rates[worst(rates)].value + bpcer(live, bound).value) / 2


def bound_at_bpcer(live: ArrayLike, target: float) -> float:
    """The highest bound below which at most `target` of these live scores lie. target: 0..1."""
    if not 0 <= target < 1:
        raise ValueError(f"a target BPCER is 0 or more and below 1, not {target!r}")
    scores = np.sort(checked(live, "live scores"))
    return float(scores[math.floor(target * scores.size + 1e-9)])


def bound_at_apcer(attacks: Mapping[str, ArrayLike], target: float) -> float:
    """The lowest bound at which no instrument's APCER exceeds `target`. target: 0..1."""
    if not attacks:
        raise ValueError("no attack instruments")
    return max(threshold_at(values, target) for values in attacks.values())


def bpcer_at_apcer(
    attacks: Mapping[str, ArrayLike], live: ArrayLike, target: float, confidence: float = 0.95
) -> tuple[Rate, float]:
    """BPCER where the worst instrument's APCER is at most `target`, and that bound.

    The bound is read off the scores that it is then held against: a property of these scores,
    and not what a bound chosen elsewhere will do.
    """
    bound = bound_at_apcer(attacks, target)
    return bpcer(live, bound, confidence), bound


def non_response(answered: ArrayLike, confidence: float = 0.95) -> Rate:
    """Presentations without an answer: APNRR of one instrument's, BPNRR of bona fide ones.

    answered: a bool each, whether the subsystem said live or attack at all.
    """
    return _share(~_flags(answered), confidence)


def iapmr(matched: Mapping[str, ArrayLike], confidence: float = 0.95) -> dict[str, Rate]:
    """Impostor attack presentation match rate per instrument, of all its presentations.

    matched: a bool for each presentation, whether it matches the person that it shows. The 2017
    edition's name; liveness is not asked.
    """
    return {name: _share(_flags(values), confidence) for name, values in matched.items()}


def iapar(
    matched: Mapping[str, ArrayLike], live: Mapping[str, ArrayLike], confidence: float = 0.95
) -> dict[str, Rate]:
    """Impostor attack presentation accept rate: matched and taken for live, of all presentations.

    matched, live: a bool for each presentation, by instrument, in the same order.
    """
    if matched.keys() != live.keys():
        raise ValueError(f"instruments differ: {sorted(matched)}, {sorted(live)}")
    rates = {}
    for name, values in matched.items():
        both, alive = _flags(values), _flags(live[name])
        if both.shape != alive.shape:
            raise ValueError(f"{name!r}: {both.size} matched, {alive.size} judged")
        rates[name] = _share(both & alive, confidence)
    return rates


def _flags(values: ArrayLike) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    flags = np.asarray(values)
    if flags.ndim != 1 or flags.size == 0 or flags.dtype != np.bool_:
        raise ValueError(f"expected a non-empty list of bools, got {flags.dtype} {flags.shape}")
    return flags


def _share(flags: np.ndarray[tuple[int], np.dtype[np.bool_]], confidence: float) -> Rate:
    return Rate(int(flags.sum()), flags.size, confidence)
