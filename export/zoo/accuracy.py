"""What a finished pack does on pictures of people whom its networks were not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from edge.metrics import Rate
from training.errors import DataError

from .. import scores

FARS = (1e-3, 1e-4, 1e-5)


def recognition(
    folder: Path, data: Path, console: Console
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(figures, `[roles.embedder.head.scores]`) of the pack in `folder`, over all pairs.

    data: PERSON/anything.jpg. Raises DataError, PackError.
    """
    made = scores.compared(folder, data, console)
    found, labels, pairs = made.found, made.labels, made.pairs
    if not pairs.genuine.total:
        raise DataError(f"{data}: nobody has two pictures; without that there is no TAR")
    figures = {
        "data": data.name,
        "pictures": len(found.names),
        "without_face": int((~found.found).sum()),
        "people": int(np.unique(labels).size),
        "genuine_pairs": pairs.genuine.total,
        "impostor_pairs": pairs.impostor.total,
        "points": [_point(pairs, far) for far in FARS if far * pairs.impostor.total >= 1],
    }
    return figures, scores.described(data.name, labels, pairs.impostor.total, made.curve)


def _point(pairs: Any, far: float) -> dict[str, Any]:
    threshold = pairs.impostor.threshold_at(far)
    tar = Rate(pairs.genuine.at_or_above(threshold), pairs.genuine.total)
    low, high = tar.interval
    return {
        "far": far,
        "threshold": threshold,
        "tar": tar.value,
        "low_if_pairs_were_independent": low,
        "high_if_pairs_were_independent": high,
    }
