"""The small upright patch of a face, and what it says about size, sharpness and light."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

import native
from edge.faces import landmarks as lm
from edge.faces.observation import Quality

PATCH = 64
"""Side of the patch, pixels."""

# The patch shows the face from brow to mouth: the eyes' middle and the mouth's middle are laid
# here. Both move little with expression, and the background stays outside the ellipse below.
_EYES = np.array([PATCH * 0.5, PATCH * 0.34])
_MOUTH = np.array([PATCH * 0.5, PATCH * 0.76])


def _ellipse() -> NDArray[np.bool_]:
    y, x = np.mgrid[0:PATCH, 0:PATCH] + 0.5
    reach = ((x - PATCH / 2) / (0.40 * PATCH)) ** 2 + ((y - PATCH / 2) / (0.47 * PATCH)) ** 2
    return np.asarray(reach < 1, np.bool_)


ELLIPSE = _ellipse()
"""(64, 64) bool: the part of the patch that is face and not background."""


def patch_matrix(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """2x3 similarity from frame to patch pixels, by the eyes' and the mouth's middles."""
    eyes = (lm.middle(landmarks, lm.LEFT_EYE) + lm.middle(landmarks, lm.RIGHT_EYE)) / 2
    mouth = (lm.middle(landmarks, lm.MOUTH_LEFT) + lm.middle(landmarks, lm.MOUTH_RIGHT)) / 2
    return native.similarity(np.stack([eyes, mouth]), np.stack([_EYES, _MOUTH]))


def face_patch(image: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """(64, 64) float32 grey levels (ITU-R BT.601 luma) of the upright face."""
    planes = native.warp(
        image,
        matrix,
        PATCH,
        PATCH,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        swap_rb=False,
        border=None,
    )
    grey = 0.114 * planes[0] + 0.587 * planes[1] + 0.299 * planes[2]
    return np.asarray(grey, np.float32)


def assess(
    patch: NDArray[np.float32], matrix: NDArray[np.float64], box: NDArray[np.float32]
) -> Quality:
    """Quality of a face from its patch, the patch's matrix and the box (4,) in frame pixels.

    Sharpness is the root mean square of the patch's Laplacian over the standard deviation of the
    face: independent of contrast, and of size where the face is no smaller than the patch. A
    face without contrast counts as unsharp.
    """
    inside = patch[ELLIPSE]
    laplacian = (
        patch[:-2, 1:-1]
        + patch[2:, 1:-1]
        + patch[1:-1, :-2]
        + patch[1:-1, 2:]
        - 4 * patch[1:-1, 1:-1]
    )[ELLIPSE[1:-1, 1:-1]]
    spread = float(inside.std())
    rms = math.sqrt(float(np.mean(laplacian**2)))
    return Quality(
        size=float(box[3] - box[1]),
        sharpness=rms / spread if spread > 1.0 else 0.0,
        exposure=float(inside.mean()),
        clipped=float(np.mean((inside <= 1.0) | (inside >= 254.0))),
        fit=PATCH / math.hypot(matrix[0, 0], matrix[0, 1]) / float(box[3] - box[1]),
    )
