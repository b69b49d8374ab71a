"""What a finished pack does on pictures of people whom its networks were not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from edge import packs
from edge.all_pairs import compare
from edge.metrics import Rate
from training.errors import DataError
from training.pictures import Pictures
from training.recognition import embeddings, verification

from .. import scores

FARS = (1e-3, 1e-4, 1e-5)


def recognition(
    folder: Path, data: Path, console: Console
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(figures, `[roles.embedder.head.scores]`) of the pack in `folder`, over all pairs.

    data: PERSON/anything.jpg. Raises DataError, PackError.
    """
    pack, store = packs.load(folder), Pictures(data)
    found = embeddings.compute(pack, store, store.names, console)
    people = [embeddings.person_of(name) for name in found.names]
    labels = np.unique(people, return_inverse=True)[1].astype(np.int64)[found.found]
    if np.unique(labels).size < 2:
        raise DataError(f"{data}: faces of fewer than two people were found")
    pairs = compare(found.vectors[found.found], labels)
    curve = verification.impostor_curve(pairs)
    if len(curve) < 2 or not pairs.genuine.total:
        raise DataError(f"{data}: too few people, or pictures of one person, for figures")
    figures = {
        "data": data.name,
        "pictures": len(found.names),
        "without_face": int((~found.found).sum()),
        "people": int(np.unique(labels).size),
        "genuine_pairs": pairs.genuine.total,
        "impostor_pairs": pairs.impostor.total,
        "points": [_point(pairs, far) for far in FARS if far * pairs.impostor.total >= 1],
    }
    return figures, scores.described(data.name, labels, pairs.impostor.total, curve)


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
