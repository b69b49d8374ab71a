"""Lays one patch of a face on another by the best homography.

Gauss-Newton with the gradients of the patch that is laid on (inverse compositional, Baker and
Matthews 2004), coarse to fine, affine first, then projective. Each step also finds gain and offset,
the last one a gradient of light besides, and does nothing with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.faces.quality import PATCH

Patch = NDArray[np.float32]

BLURS = (3.0, 1.0, 1.0)
"""Pixels, of the pictures asked for, coarse to fine; only the last is laid projectively."""
HALF = PATCH / 2
_CENTRE = (PATCH - 1) / 2
# To coordinates of about -1..1, where all parameters of a homography weigh alike.
UNIT = np.array([[1 / HALF, 0, -_CENTRE / HALF], [0, 1 / HALF, -_CENTRE / HALF], [0, 0, 1]])
PIXELS = np.linalg.inv(UNIT)
Y, X = (np.mgrid[0:PATCH, 0:PATCH].astype(np.float32) - np.float32(_CENTRE)) / np.float32(HALF)
"""(64, 64) each: where a pixel is, -1..1."""
FACE = (X / np.float32(0.62)) ** 2 + (Y / np.float32(0.70)) ** 2 < 1
"""(64, 64) bool: eyes to mouth, and far enough from the patch's border that a patch laid on another
by a few pixels still has picture there: repeated border pixels looked like life."""
_CORNERS = PIXELS @ np.array([[-1, 1, 1, -1], [-1, -1, 1, 1], [1, 1, 1, 1]], np.float64)
_STEPS = 8
_CONVERGED = 0.02  # pixels


@dataclass(frozen=True, eq=False, slots=True)
class _Level:
    target: NDArray[np.float32]
    solve: NDArray[np.float32]
    parameters: int


@dataclass(frozen=True, eq=False, slots=True)
class Ground:
    """What patches are laid on. inside: (64, 64) bool, the pixels that must be alike."""

    inside: NDArray[np.bool_]
    levels: tuple[_Level, ...]


def gradients(picture: Patch) -> tuple[Patch, Patch]:
    """(64, 64) each, across and down, of a pixel."""
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def ground(pictures: Sequence[Patch], inside: NDArray[np.bool_]) -> Ground:
    """Of a patch's pictures (64, 64), one for each of `BLURS`."""
    levels = []
    for i, picture in enumerate(pictures):
        projective = i == len(pictures) - 1
        gx, gy = (gradient * np.float32(HALF) for gradient in gradients(picture))
        columns = [gx * X, gx * Y, gx, gy * X, gy * Y, gy]
        if projective:
            columns += [-(gx * X + gy * Y) * X, -(gx * X + gy * Y) * Y]
        parameters = len(columns)
        columns += [picture - picture[inside].mean(), np.ones_like(picture)]
        if projective:
            columns += [X, Y]
        jacobian = np.stack([c[inside] for c in columns], axis=1).astype(np.float64)
        solve = np.linalg.pinv(jacobian).astype(np.float32)
        levels.append(_Level(picture[inside], solve, parameters))
    return Ground(inside, tuple(levels))


def warp(patch: Patch, homography: NDArray[np.float64]) -> Patch:
    """(64, 64) as it lies on the ground. homography: (3, 3) in coordinates of -1..1, from `lay`."""
    return np.asarray(
        cv2.warpPerspective(
            patch,
            PIXELS @ homography @ UNIT,
            (PATCH, PATCH),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def lay(on: Ground, pictures: Sequence[Patch]) -> NDArray[np.float64] | None:
    """(3, 3): the ground's coordinates to the patch's. pictures: as for `ground`, of the patch.

    None when it is lost: folded, or far larger or smaller.
    """
    h = np.eye(3)
    for level, picture in zip(on.levels, pictures, strict=True):
        for _ in range(_STEPS):
            step = np.zeros(8)
            found = level.solve @ (warp(picture, h)[on.inside] - level.target)
            step[: level.parameters] = found[: level.parameters]
            change = np.array(
                [[1 + step[0], step[1], step[2]], [step[3], 1 + step[4], step[5]], [*step[6:], 1]]
            )
            if not np.isfinite(step).all() or abs(np.linalg.det(change)) < 0.2:
                return None
            h = h @ np.linalg.inv(change)
            h /= h[2, 2]
            if not 0.4 < np.linalg.det(h[:2, :2]) < 2.5:
                return None
            if float(np.abs(step).max()) * HALF < _CONVERGED:
                break
    return h


def corners(homography: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 4): where the ground's corners lie in the frame. matrix: (2, 3) frame to patch."""
    to_frame = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    found = to_frame @ PIXELS @ homography @ UNIT @ _CORNERS
    return np.asarray(found[:2] / found[2], np.float64)
