"""Eye aspect ratio and blinks (Soukupová and Čech 2016).

A blink is judged against the person's own open eyes, because the ratio of open eyes differs
between people by more than a blink changes it in some.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CLOSED = 0.70
"""Eyes count as closed below this fraction of the track's own open-eye ratio."""
OPEN = 0.85
"""... and as open again above this fraction."""
LONGEST_S = 0.6
"""Longer than this is not a blink: closed eyes, or lost landmarks."""


def eye_aspect(landmarks: NDArray[np.float32]) -> float:
    """Mean over both eyes of (|p2 p6| + |p3 p5|) / (2 |p1 p4|), for iBUG 68 points (68, 2)."""

    def one(first: int) -> float:
        p = landmarks[first : first + 6].astype(np.float64)
        width = float(np.linalg.norm(p[0] - p[3]))
        height = float(np.linalg.norm(p[1] - p[5]) + np.linalg.norm(p[2] - p[4]))
        return height / (2 * width) if width > 0 else 0.0

    return (one(36) + one(42)) / 2


def count_blinks(times: Sequence[float], ratios: Sequence[float]) -> int:
    """Blinks in a track: open, closed for at most `LONGEST_S`, open again.

    The open-eye ratio is the track's own 80th percentile.
    """
    if len(ratios) < 5:
        return 0
    baseline = float(np.percentile(np.asarray(ratios), 80))
    if baseline <= 0:
        return 0
    blinks, closed_at, was_open = 0, None, False
    for t, ratio in zip(times, ratios, strict=True):
        level = ratio / baseline
        if level < CLOSED and was_open:
            closed_at, was_open = t, False
        elif level > OPEN:
            if closed_at is not None and t - closed_at <= LONGEST_S:
                blinks += 1
            closed_at, was_open = None, True
    return blinks
