"""How the learning rate and the averaging go over a training."""

from __future__ import annotations

import math


def warmup_cosine(step: int, total: int, warmup: float, floor: float = 0.01) -> float:
    """Factor on the learning rate at `step` of `total`: linear rise, then half a cosine.

    warmup: share of all steps spent rising. floor: the factor at the end (Loshchilov and Hutter
    2017, without restarts).
    """
    rise = max(round(warmup * total), 1)
    if step < rise:
        return (step + 1) / rise
    done = min((step - rise) / max(total - rise, 1), 1.0)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))


def warm_restarts(step: int, period: int, highest: float, least: float) -> float:
    """The rate at `step`: half a cosine from `highest` to `least`, again every `period` steps.

    Equation 5 of Loshchilov and Hutter (2017), moved on at each step.
    """
    done = (step % period) / period
    return least + (highest - least) * 0.5 * (1 + math.cos(math.pi * done))
