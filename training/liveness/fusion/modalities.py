"""What the sensors are called, which of them are given, and what their absence looks like."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from edge.errors import UsageError

MODALITIES = ("colour", "depth", "ir")
DROP = 0.5
"""Share of the training's samples that lack one modality or have only one (Shen et al. 2019)."""

SUBSETS = tuple(subset for size in (3, 2, 1) for subset in combinations(MODALITIES, size))
"""All that can be given, most first."""


def drop(rng: np.random.Generator, share: float = DROP) -> tuple[str, ...]:
    """What a training sample keeps: everything, or, with `share`, all but one or only one."""
    if rng.random() >= share:
        return MODALITIES
    one = MODALITIES[rng.integers(len(MODALITIES))]
    if rng.random() < 0.5:
        return (one,)
    return tuple(name for name in MODALITIES if name != one)


def parse(text: str) -> tuple[str, ...]:
    """Names separated by commas. Raises UsageError."""
    names = text.split(",")
    if len(set(names)) != len(names) or not set(names) <= set(MODALITIES):
        raise UsageError(f"{text!r} is not some of {','.join(MODALITIES)}, each once")
    return tuple(name for name in MODALITIES if name in names)
