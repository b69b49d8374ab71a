"""Every presentation of a list before every network: scores, times, where no answer came."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from training.errors import DataError
from training.liveness.reports.finding import Find
from training.liveness.samples import LIVE, Sample, picture
from training.liveness.scorers import Named

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scored:
    """Presentations and what was made of them, all in one order.

    answered: (n,) bool, whether there was a face to judge. scores: by network, (n,) 0..1, NaN
    where not answered. ms: by network, (n,) milliseconds for crop and network, likewise.
    """

    samples: tuple[Sample, ...]
    answered: NDArray[np.bool_]
    scores: dict[str, Floats]
    ms: dict[str, Floats]

    @property
    def labels(self) -> NDArray[np.str_]:
        """(n,) "live" or the instrument."""
        return np.array([s.label for s in self.samples])

    @property
    def people(self) -> NDArray[np.str_]:
        """(n,) who is shown."""
        return np.array([s.person for s in self.samples])

    @property
    def instruments(self) -> list[str]:
        """Sorted."""
        return sorted({s.label for s in self.samples} - {LIVE})

    def of(self, network: str, label: str) -> Floats:
        """Scores of the answered presentations of a label."""
        return self.scores[network][(self.labels == label) & self.answered]

    def attacks(self, network: str) -> dict[str, Floats]:
        """By instrument; those without any answer are left out."""
        found = {name: self.of(network, name) for name in self.instruments}
        return {name: scores for name, scores in found.items() if scores.size}


def judge(
    samples: Sequence[Sample],
    networks: Sequence[Named],
    console: Console,
    *,
    find: Find | None = None,
    what: str = "scoring",
) -> Scored:
    """Scores of every network. Raises DataError, PackError, NumericError.

    find: gives the box to judge, or None, and then there is no answer. None: the list's boxes.
    """
    count = len(samples)
    answered = np.zeros(count, np.bool_)
    scores = {n.name: np.full(count, np.nan) for n in networks}
    ms = {n.name: np.full(count, np.nan) for n in networks}
    for i, sample in enumerate(track(samples, what, console=console, transient=True)):
        image = picture(sample)
        box = sample.box if find is None else find(image, sample.box)
        if box is None:
            continue
        answered[i] = True
        for network in networks:
            began = time.perf_counter()
            scores[network.name][i] = network.score(image, box)
            ms[network.name][i] = (time.perf_counter() - began) * 1e3
    found = Scored(tuple(samples), answered, scores, ms)
    _check(found)
    return found


def _check(found: Scored) -> None:
    answered = set(found.labels[found.answered])
    if LIVE not in answered or len(answered) < 2:
        raise DataError(
            "live faces and attacks are both needed, and a face to judge in some of each; the "
            f"lists have {', '.join(sorted(set(found.labels)))}"
        )
