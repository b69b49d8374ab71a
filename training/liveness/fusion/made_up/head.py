"""The relief of a face in a picture: a generic head turned as its 68 points say.

The head was learned from 68 points of 15,294 public pictures of faces, and their mirror images, by
factorisation under a scaled orthographic camera (Tomasi and Kanade 1992): alternately each face's
rotation and scale, and the shape that fits all. The forehead was added by hand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

EYES_MM = 63.0
"""Between the middles of an adult's eyes, on average."""

# Distances between the middles of the eyes: x to the picture's right, y down, z to the camera.
# fmt: off
_SHAPE = np.array(
    [
        (-1.15, -0.54, -1.01), (-1.13, -0.24, -0.92), (-1.08, 0.03, -0.90),
        (-1.03, 0.30, -0.88), (-0.94, 0.58, -0.81), (-0.78, 0.82, -0.64),
        (-0.60, 0.98, -0.40), (-0.36, 1.12, -0.10), (0.00, 1.21, 0.00),
        (0.36, 1.12, -0.10), (0.60, 0.98, -0.40), (0.78, 0.82, -0.64),
        (0.94, 0.58, -0.81), (1.03, 0.30, -0.88), (1.08, 0.03, -0.90),
        (1.13, -0.24, -0.92), (1.15, -0.54, -1.01), (-0.90, -0.83, -0.18),
        (-0.76, -0.92, 0.04), (-0.59, -0.95, 0.19), (-0.43, -0.94, 0.28),
        (-0.29, -0.90, 0.32), (0.29, -0.90, 0.32), (0.43, -0.94, 0.28),
        (0.59, -0.95, 0.19), (0.76, -0.92, 0.04), (0.90, -0.83, -0.18),
        (0.00, -0.57, 0.37), (0.00, -0.37, 0.51), (0.00, -0.18, 0.68),
        (0.00, -0.02, 0.72), (-0.20, 0.09, 0.35), (-0.11, 0.12, 0.42),
        (0.00, 0.14, 0.46), (0.11, 0.12, 0.42), (0.20, 0.09, 0.35),
        (-0.69, -0.59, -0.07), (-0.58, -0.64, 0.06), (-0.43, -0.64, 0.07),
        (-0.30, -0.58, 0.04), (-0.42, -0.54, 0.06), (-0.58, -0.54, 0.03),
        (0.30, -0.58, 0.04), (0.43, -0.64, 0.07), (0.58, -0.64, 0.06),
        (0.69, -0.59, -0.07), (0.58, -0.54, 0.03), (0.42, -0.54, 0.06),
        (-0.42, 0.45, 0.04), (-0.28, 0.37, 0.28), (-0.09, 0.32, 0.41),
        (0.00, 0.34, 0.42), (0.09, 0.32, 0.41), (0.28, 0.37, 0.28),
        (0.42, 0.45, 0.04), (0.28, 0.58, 0.22), (0.14, 0.65, 0.31),
        (0.00, 0.67, 0.32), (-0.14, 0.65, 0.31), (-0.28, 0.58, 0.22),
        (-0.40, 0.45, 0.06), (-0.13, 0.42, 0.33), (0.00, 0.41, 0.36),
        (0.13, 0.42, 0.33), (0.40, 0.45, 0.06), (0.13, 0.51, 0.30),
        (0.00, 0.53, 0.32), (-0.13, 0.51, 0.30),
    ]
)
# fmt: on
_FOREHEAD = np.array(
    [
        (0.0, -1.35, 0.3),
        (-0.55, -1.3, 0.15),
        (0.55, -1.3, 0.15),
        (-0.9, -1.15, -0.3),
        (0.9, -1.15, -0.3),
        (0.0, -1.75, 0.05),
        (-0.5, -1.7, -0.1),
        (0.5, -1.7, -0.1),
    ]
)
_SOLVE = np.linalg.pinv(_SHAPE - _SHAPE.mean(axis=0))

Floats = NDArray[np.float32]


def relief(points: NDArray[np.floating], height: int, width: int) -> tuple[Floats, float]:
    """How far each pixel of a face lies in front of the head's middle.

    Args:
        points: (68, 2) iBUG, pixels of the picture.
        height, width: of the picture, pixels.

    Returns (height, width) mm towards the camera, NaN outside the face, and mm per pixel. Raises
    ValueError for points that are no face's: all on a line.
    """
    p = np.asarray(points, np.float64)
    middle = p.mean(axis=0)
    u, scales, vt = np.linalg.svd((_SOLVE @ (p - middle)).T, full_matrices=False)
    if not np.isfinite(scales).all() or scales[1] < 1e-3 * max(scales[0], 1e-9):
        raise ValueError("the points lie on a line")
    scale = float(scales.mean())
    rows = u @ vt
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    head = np.concatenate([_SHAPE, _FOREHEAD]) - _SHAPE.mean(axis=0)
    turned = head @ rotation.T
    # Where the points are known they lie as found; only their depth is the head's.
    flat = np.concatenate([p, turned[len(p) :, :2] * scale + middle])
    y, x = np.mgrid[:height, :width]
    depth = LinearNDInterpolator(flat, turned[:, 2] * EYES_MM)(x, y)
    return depth.astype(np.float32), EYES_MM / scale
