"""Does a face that turns change as a head does, or as a picture does?

Where a flat picture is turned, each view of it is still a homography of every other (Hartley and
Zisserman 2003, ch. 13): laid on one another they are alike whatever the angle. Of a head one side
comes into view, the other leaves it, and the nose moves before the cheeks; the best homography
leaves the views less alike, the more so the further it turned. So patches of a turned face are
compared with patches of the same face as it was seen first, each laid on the same key
(`edge.faces.planar`), and the *likest* of the turned ones counts.

Landmarks alone do not tell: their network draws a head's shape into a turned picture as well (by
the same test on 68 points, pictures turned by 30 degrees reached more than some heads).

A picture bent around an axis is no plane: this check does not see it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TURNED = 15.0
"""Degrees of yaw from the key from which a face counts as turned ..."""
NEAR = 6.0
"""... and up to which as not turned."""
LEAST = 3
"""Patches of either kind."""
UNLIKE = 0.01
"""Loss of likeness that counts as a head's: 1 in the value below. Simulated prints lost at most
0.0031 however far they were turned; the living who turned at all 0.016 to 0.11
(docs/liveness.md)."""


def unlikeness(yaws: Sequence[float], likenesses: Sequence[float]) -> float | None:
    """How much less alike the turned patches are than the others, over `UNLIKE`; 1 is the bound.

    yaws: degrees, against the key's. likenesses: correlation with the key, -1..1
    (`planar.Registered.likeness`), without the key's own. None while the head has not turned.
    """
    turn = np.abs(np.asarray(yaws, np.float64))
    likeness = np.asarray(likenesses, np.float64)
    near, turned = likeness[turn < NEAR], likeness[turn >= TURNED]
    if len(near) < LEAST or len(turned) < LEAST:
        return None
    return float((1 - turned.max() / np.median(near)) / UNLIKE)
