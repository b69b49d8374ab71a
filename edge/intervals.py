"""Exact binomial intervals, without SciPy: the device has none.

The Clopper-Pearson limits are quantiles of beta distributions (Clopper and Pearson 1934). The
beta distribution function comes from Lentz's continued fraction (Abramowitz and Stegun 26.5.8;
Thompson and Barnett 1986), its inverse from bisection, which cannot diverge.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_BISECTIONS = 200  # enough to separate any two doubles between 1e-15 and 1


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), for 0 <= x <= 1, a > 0, b > 0."""
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise ValueError(f"beta_cdf is not defined at x={x!r}, a={a!r}, b={b!r}")
    if x in (0.0, 1.0):
        return x
    # the fraction converges quickly on the side of the mean where x is small
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1.0 - x, b, a)
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return min(1.0, math.exp(log_front) / a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of I_x(a, b), by the modified method of Lentz."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    result = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1.0 + term * d, 1.0 + term / c
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            result *= c * d
        if abs(c * d - 1.0) < 1e-15:
            return result
    raise ArithmeticError(f"incomplete beta function did not settle at x={x}, a={a}, b={b}")


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p, 0 <= p <= 1; bisected on a logarithmic scale near zero."""
    if not 0 <= p <= 1:
        raise ValueError(f"a probability is 0..1, not {p!r}")
    if p in (0.0, 1.0):
        return p
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        # rates of interest are tiny: halve the exponent's range before the mantissa's
        middle = math.sqrt(low * high) if low > 0 else high / 16
        if high / 2 <= low:
            middle = (low + high) / 2
        if not low < middle < high:
            break
        if beta_cdf(middle, a, b) < p:
            low = middle
        else:
            high = middle
        if high < 1e-290:
            return 0.0
    return (low + high) / 2


def clopper_pearson(errors: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a binomial rate: it covers with at least `confidence`.

    Raises ValueError when errors is not in 0..trials, trials is 0, or confidence not in (0, 1).
    """
    _check(errors, trials, confidence)
    tail = (1 - confidence) / 2
    low = 0.0 if errors == 0 else beta_quantile(tail, errors, trials - errors + 1)
    high = 1.0 if errors == trials else beta_quantile(1 - tail, errors + 1, trials - errors)
    return low, high


def upper_bound(errors: int, trials: int, confidence: float = 0.95) -> float:
    """Exact one-sided upper limit; without errors it is close to 3/trials at 95 %."""
    _check(errors, trials, confidence)
    if errors == trials:
        return 1.0
    if errors == 0:
        return -math.expm1(math.log1p(-confidence) / trials)
    return beta_quantile(confidence, errors + 1, trials - errors)


def _check(errors: int, trials: int, confidence: float) -> None:
    if trials < 1 or not 0 <= errors <= trials:
        raise ValueError(f"{errors} errors of {trials} trials is no rate")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not {confidence!r}")
