"""Passive liveness without a network: is the face inside the edge of a sheet or a screen?

A print held to a camera, or a phone, shows where it ends: straight edges of one polarity on the
sides of the face, and, unlike a door frame or a window behind a person, one below the chin that
crosses where a body would be. Around the face a rectangle in any orientation up to `MAX_TILT` is
looked for, and scored by how completely its sides are edges. Three of four sides must be there: a
hand may cover one, the picture's own border another.

This sees the edge of a sheet, not its surface: a print larger than the picture passes it, and is
left to `edge.faces.planar`. A trained network takes the same role in a pack.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

import native

SIDE = 128
"""Side of the context crop, pixels."""
CONTEXT = 4.0
"""Side of the context in face sizes."""
MAX_TILT = 24
TILT_STEP = 3
STEP = 9.0
"""Change of grey level per pixel that counts as an edge."""
CANDIDATES = 3
"""Lines tried per side and tilt."""
NEAREST = 0.65
"""No side lies closer to the face's middle than this many face sizes."""

_FACE = SIDE / CONTEXT
_CX = _CY = SIDE / 2
_LOWER = 0.25  # the context is centred this many face sizes below the face's middle
_FACE_Y = _CY - _LOWER * _FACE
Plane = NDArray[np.float32]


@cache
def _turns() -> tuple[tuple[float, float, NDArray[np.float64]], ...]:
    turns = []
    for degrees in range(-MAX_TILT, MAX_TILT + 1, TILT_STEP):
        angle = np.deg2rad(degrees)
        turn = cv2.getRotationMatrix2D((_CX, _FACE_Y), float(degrees), 1.0)
        turns.append((float(np.cos(angle)), float(np.sin(angle)), np.asarray(turn, np.float64)))
    return tuple(turns)


def _gradient(image: NDArray[np.uint8], box: NDArray[np.float32]) -> tuple[Plane, Plane]:
    """Grey-level change per pixel (x, y) of the context, of the channel that changes most.

    Zero where the context reaches over the frame's edge: that edge is not the sheet's.
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    size = max(x2 - x1, y2 - y1)
    scale = _FACE / size
    cx, cy = (x1 + x2) / 2, (y1 + y2) / 2 + _LOWER * size
    if scale < 0.5:
        # A large face: shrink the frame by area first, which costs a tenth of sampling it densely.
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        cx, cy, scale = (cx + 0.5) * scale - 0.5, (cy + 0.5) * scale - 0.5, 1.0
    matrix = np.array([[scale, 0, _CX - scale * cx], [0, scale, _CY - scale * cy]])
    context = native.warp_u8(image, matrix, SIDE, SIDE, border=None).astype(np.float32)
    gx = cv2.Sobel(context, cv2.CV_32F, 1, 0, scale=0.25)
    gy = cv2.Sobel(context, cv2.CV_32F, 0, 1, scale=0.25)
    best = np.argmax(gx * gx + gy * gy, axis=2)[..., np.newaxis]
    left, top = matrix @ [0, 0, 1]
    right, bottom = matrix @ [image.shape[1] - 1, image.shape[0] - 1, 1]
    ys, xs = np.mgrid[0:SIDE, 0:SIDE]
    inside = (xs > left + 2) & (xs < right - 2) & (ys > top + 2) & (ys < bottom - 2)
    return (
        np.take_along_axis(gx, best, 2)[..., 0] * inside,
        np.take_along_axis(gy, best, 2)[..., 0] * inside,
    )


def _sums(edges: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Running counts down the columns of edges that may lie one pixel to either side."""
    wide = cv2.dilate(edges.astype(np.uint8), np.ones((1, 3), np.uint8))
    return np.concatenate([np.zeros((1, SIDE), np.int32), np.cumsum(wide, 0, dtype=np.int32)])


class _Lines:
    """Near-vertical lines of one orientation: how full of edges, of either polarity, they are."""

    def __init__(self, change: Plane) -> None:
        self._sums = np.stack([_sums(change > STEP), _sums(change < -STEP)])

    def best(self, low: int, high: int, first: int, last: int) -> NDArray[np.int64]:
        """The fullest columns of first..last over rows low..high, apart from one another."""
        fullness = (self._sums[:, high, first:last] - self._sums[:, low, first:last]).max(axis=0)
        chosen = []
        for _ in range(CANDIDATES):
            at = int(np.argmax(fullness))
            chosen.append(first + at)
            fullness[max(at - 2, 0) : at + 3] = -1
        return np.array(chosen)

    def full(
        self, at: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Fullness 0..1 of columns `at` over rows low..high (broadcast together)."""
        counts = (self._sums[:, high, at] - self._sums[:, low, at]).max(axis=0)
        return np.asarray(counts / np.maximum(high - low, 1), np.float64)


def _rectangle(down: Plane, across: Plane) -> float:
    """The best rectangle around the face in one orientation: fullness of its third-fullest side,
    or of the one under the chin if that is less.

    down: change across near-vertical lines; across: the same for near-horizontal ones.
    """
    vertical, horizontal = _Lines(down), _Lines(np.ascontiguousarray(across.T))
    f, cx, cy = _FACE, _CX, _FACE_Y
    rows = int(cy - 0.6 * f), int(cy + 0.9 * f)
    columns = int(cx - 0.6 * f), int(cx + 0.6 * f)
    x1 = vertical.best(*rows, 2, int(cx - NEAREST * f))[:, None, None, None]
    x2 = vertical.best(*rows, int(cx + NEAREST * f), SIDE - 2)[None, :, None, None]
    a = horizontal.best(*columns, 2, int(cy - NEAREST * f))[None, None, :, None]
    b = horizontal.best(*columns, int(cy + (NEAREST + 0.2) * f), SIDE - 2)[None, None, None, :]
    under = horizontal.full(b, x1, x2)
    sides = np.broadcast_arrays(
        horizontal.full(a, x1, x2), vertical.full(x1, a, b), vertical.full(x2, a, b)
    )
    return float(np.minimum(under, np.sort(np.stack(sides), axis=0)[1]).max())


def score(image: NDArray[np.uint8], box: NDArray[np.float32]) -> float:
    """1 - fullness of the most complete rectangle around the face: 0 a sheet's edge, 1 none.

    image: (H, W, 3) uint8 BGR. box: (4,) x1, y1, x2, y2 in frame pixels.
    """
    gx, gy = _gradient(image, box)
    found = 0.0
    for c, s, turn in _turns():
        down = cv2.warpAffine(c * gx + s * gy, turn, (SIDE, SIDE))
        across = cv2.warpAffine(c * gy - s * gx, turn, (SIDE, SIDE))
        found = max(found, _rectangle(np.asarray(down), np.asarray(across)))
    return 1.0 - found
