"""Does a face that turns change as a head does, or as a picture does?

Where a flat picture is turned, each view of it is still a homography of every other (Hartley and
Zisserman 2003, ch. 13): laid on one another they are alike whatever the angle. Of a head one side
comes into view, the other leaves it, and the nose moves before the cheeks; the best homography
leaves the views less alike, the more so the further it turned. So patches of a turned face are
compared with patches of the same face as it was seen first, each laid on the same view by the best
homography (`edge.faces.laying`), eyes and all, and the *likest* of the turned ones counts.

Landmarks alone do not tell: their network draws a head's shape into a turned picture as well (by
the same test on 68 points, pictures turned by 30 degrees reached more than some heads).

A picture bent around an axis is no plane: this check does not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.faces.laying import BLURS, FACE, Ground, Patch, ground, lay, warp

TURNED = 15.0
"""Degrees of yaw from the view from which a face counts as turned ..."""
NEAR = 6.0
"""... and up to which as not turned."""
LEAST = 3
"""Patches of either kind."""
UNLIKE = 0.01
"""Loss of likeness that counts as a head's: 1 in the value below. Simulated prints lost at most
0.0031 however far they were turned; the living who turned at all 0.016 to 0.11
(docs/liveness.md)."""
SIMILAR = 0.85
"""A patch that correlates less with the view is another face's, or a failed registration."""

_MASK = FACE.astype(np.float32)


def _blur(patch: Patch, sigma: float) -> Patch:
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), sigma), np.float32)


_FINE, _BROAD = 2.0, 8.0  # pixels
_WEIGHTS = {sigma: np.maximum(_blur(_MASK, sigma), np.float32(1e-3)) for sigma in (_FINE, _BROAD)}


def _detail(patch: Patch) -> NDArray[np.float32]:
    """Without what is broader than a feature or finer, and without hair and background."""
    fine, broad = (_blur(patch * _MASK, s) / _WEIGHTS[s] for s in (_FINE, _BROAD))
    return np.asarray((fine - broad)[FACE], np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A face as it was seen, which later patches are laid on. detail: (P,) grey levels."""

    t: float
    yaw: float
    ground: Ground
    detail: NDArray[np.float32]


def view(t: float, yaw: float, patch: Patch) -> View:
    """Of a patch (64, 64), grey levels. yaw: degrees."""
    return View(t, yaw, ground([_blur(patch, s) for s in BLURS], FACE), _detail(patch))


def likeness(of: View, patch: Patch) -> float | None:
    """Correlation with the view of a patch laid on it, `SIMILAR`..1; None when it is another."""
    h = lay(of.ground, [_blur(patch, s) for s in BLURS])
    if h is None:
        return None
    detail = _detail(warp(patch, h))
    energy = float(np.mean(of.detail**2) * np.mean(detail**2))
    found = float(np.mean(detail * of.detail)) / (energy**0.5 + 1e-9)
    return found if found >= SIMILAR else None


def unlikeness(yaws: Sequence[float], likenesses: Sequence[float]) -> float | None:
    """How much less alike the turned patches are than the others, over `UNLIKE`; 1 is the bound.

    yaws: degrees, against the view's. likenesses: `likeness` of the same patches, without the
    view's own. None while the head has not turned.
    """
    turn = np.abs(np.asarray(yaws, np.float64))
    likeness = np.asarray(likenesses, np.float64)
    near, turned = likeness[turn < NEAR], likeness[turn >= TURNED]
    if len(near) < LEAST or len(turned) < LEAST:
        return None
    return float((1 - turned.max() / np.median(near)) / UNLIKE)
