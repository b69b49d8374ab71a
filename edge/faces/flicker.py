"""Bands that a screen's refresh draws over a face, seen by a rolling shutter over 20 frames.

A display is dark for part of each refresh, and a camera reads its rows one after another: stripes
of light and dark wander over the picture. On the upright patch of a face they are one wave along
the rows whose phase moves on evenly with time. The value is how much of all that changes in the
rows' brightness such a wave explains. What the whole face does at once (a lamp that flickers, the
camera's exposure) and a gradient of light across it are taken out first. Slow waves are left out:
they are also what a nodding head looks like.

This sees some displays, no more: many do not flicker, bands that cross a moving face drown in the
motion, and long exposures wash them out (docs/liveness.md has the figures).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.faces.quality import ELLIPSE, PATCH

FRAMES = 20
LONGEST_S = 2.0
"""Twenty frames must not take longer: a wave is not followed across pauses."""
COHERENT = 0.75
"""Amplitude of the wave over the root mean square of all change that counts as a screen's bands: 1
in the value below. A pure wave has 1.41; docs/liveness.md says what faces and screens have."""
QUIET = 0.004
"""Change below this, of the logarithm of light, is noise: in it any wave is a chance."""

_TOP, _BOTTOM = round(0.16 * PATCH), round(0.88 * PATCH)
_WEIGHTS = ELLIPSE[_TOP:_BOTTOM].astype(np.float32)
_X = np.linspace(0, 1, _BOTTOM - _TOP)
_CYCLES = np.arange(0.25, 2.01, 0.25)
"""Of the wave, over the rows of the patch."""
_ALONG = np.exp(-2j * np.pi * np.outer(_X, _CYCLES))
_SLOWEST_HZ, _HZ = 1.5, 0.5
_LIGHT = np.stack([np.ones_like(_X), _X], axis=1)
_EVEN = np.eye(len(_X)) - _LIGHT @ np.linalg.pinv(_LIGHT)
Floats = NDArray[np.float32]


def profile(patch: Floats) -> Floats:
    """(46,) logarithm of light of each row of the face, from the patch (64, 64)."""
    light = np.log(np.maximum(patch[_TOP:_BOTTOM], 8.0))
    return np.asarray((light * _WEIGHTS).sum(axis=1) / _WEIGHTS.sum(axis=1), np.float32)


def banding(times: Sequence[float], profiles: Sequence[Floats]) -> float | None:
    """How much of a wandering wave the newest `FRAMES` profiles show, over `COHERENT`.

    None while there are too few, or they took too long.
    """
    if len(profiles) < FRAMES:
        return None
    t = np.asarray(times[-FRAMES:], np.float64)
    if not 0 < t[-1] - t[0] <= LONGEST_S or (np.diff(t) <= 0).any():
        return None
    rows = np.stack(profiles[-FRAMES:]).astype(np.float64)
    rows = (rows - rows.mean(axis=0)) @ _EVEN
    change = float(np.sqrt(np.mean(rows**2) + QUIET**2))
    fastest = 0.45 * (FRAMES - 1) / float(t[-1] - t[0])
    rates = np.arange(_SLOWEST_HZ, fastest, _HZ)
    if not len(rates):
        return None  # so few frames a second show no wave
    rates = np.concatenate([rates, -rates])
    waves = np.exp(-2j * np.pi * np.outer(rates, t - t[0])) @ rows @ _ALONG / rows.size
    return float(2 * np.abs(waves).max() / change / COHERENT)
