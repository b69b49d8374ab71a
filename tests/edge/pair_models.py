"""Pairs of people with known error rates: scores of a Gaussian model in which people differ.

Impostor: u_a + u_b + noise. Genuine: `genuine` + v_a + noise. Noise has unit deviation and is
fresh for each comparison; u and v, of deviation `spread`, belong to people and are shared by all
their pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from edge.pair_bootstrap import PairScores

NORMAL = NormalDist()


@dataclass(frozen=True)
class Model:
    """people: how many; faces: of each, the same for all."""

    people: int
    faces: int
    spread: float
    genuine: float = 5.0

    def fmr(self, threshold: float) -> float:
        """The true rate."""
        return 1 - NORMAL.cdf(threshold / math.sqrt(1 + 2 * self.spread**2))

    def fnmr(self, threshold: float) -> float:
        """The true rate."""
        return NORMAL.cdf((threshold - self.genuine) / math.sqrt(1 + self.spread**2))

    def threshold(self, fmr: float) -> float:
        """Where the true FMR is `fmr`."""
        return NORMAL.inv_cdf(1 - fmr) * math.sqrt(1 + 2 * self.spread**2)

    def sample(
        self, seed: int, keep_from: float = -math.inf, *, shift: float = 0.0, gain: float = 1.0
    ) -> PairScores:
        """Drawn people and scores. shift, gain: a scorer that is wrong on purpose."""
        rng = np.random.default_rng(seed)
        u, v = rng.normal(0, self.spread, (2, self.people))
        a, b = np.triu_indices(self.people if keep_from < math.inf else 0, 1)
        a, b = np.repeat(a, self.faces**2), np.repeat(b, self.faces**2)
        impostor = u[a] + u[b] + rng.normal(size=len(a))
        owner = np.repeat(np.arange(self.people), self.faces * (self.faces - 1) // 2)
        genuine = self.genuine + v[owner] + rng.normal(size=len(owner))
        impostor, genuine = gain * impostor + shift, gain * genuine + shift
        kept = np.nonzero(impostor >= keep_from)[0]
        order = kept[np.argsort(-impostor[kept])]
        by_score = np.argsort(-genuine)
        return PairScores(
            faces=np.full(self.people, self.faces),
            genuine=genuine[by_score],
            genuine_person=owner[by_score],
            impostor=impostor[order],
            first=a[order],
            second=b[order],
            complete_from=keep_from,
        )
