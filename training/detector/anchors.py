"""Anchors by k-means on a data set's boxes, with the distance 1 - IoU (Redmon and Farhadi 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.detector.model import STRIDES, Anchors
from training.errors import DataError

Sizes = NDArray[np.float64]


def size_iou(a: Sizes, b: Sizes) -> Sizes:
    """IoU (n, k) of widths and heights (n, 2) and (k, 2), laid on one corner."""
    inter = np.prod(np.minimum(a[:, None], b[None]), axis=2)
    return np.asarray(inter / (np.prod(a, 1)[:, None] + np.prod(b, 1)[None] - inter), np.float64)


def cluster(sizes: Sizes, count: int, *, seed: int = 0, rounds: int = 300) -> tuple[Sizes, float]:
    """`count` sizes, smallest area first, and the mean IoU of the boxes with their nearest one.

    sizes: (n, 2) width, height, in pixels of the network's input. The middle of a cluster is the
    median of its sides. Raises DataError for fewer different sizes than anchors.
    """
    sizes = np.asarray(sizes, np.float64)
    if len(np.unique(sizes, axis=0)) < count:
        raise DataError(f"{len(sizes)} boxes do not give {count} different anchors")
    # Started at quantiles of the area: an anchor each, from small to large.
    order = np.argsort(np.prod(sizes, axis=1), kind="stable")
    rng = np.random.default_rng(seed)
    centres = sizes[order[((np.arange(count) + 0.5) * len(sizes) / count).astype(int)]]
    nearest = np.full(len(sizes), -1)
    for _ in range(rounds):
        found = size_iou(sizes, centres).argmax(axis=1)
        if (found == nearest).all():
            break
        nearest = found
        for k in range(count):
            mine = sizes[nearest == k]
            centres[k] = np.median(mine, axis=0) if len(mine) else sizes[rng.integers(len(sizes))]
    centres = centres[np.argsort(np.prod(centres, axis=1), kind="stable")]
    return centres, float(size_iou(sizes, centres).max(axis=1).mean())


def levels(centres: Sizes) -> Anchors:
    """Sorted sizes to strides 8, 16, 32: an equal share each."""
    if len(centres) % len(STRIDES):
        raise DataError(f"{len(centres)} anchors cannot be shared by {len(STRIDES)} levels")
    parts = np.split(np.asarray(centres), len(STRIDES))
    return tuple(tuple((round(float(w), 2), round(float(h), 2)) for w, h in p) for p in parts)
