"""Does a face move as a flat picture would, or as a living one does?

Whatever is done to a flat picture, held, turned, tilted or re-filmed, each frame of it is a
homography of every other frame (Hartley and Zisserman 2003, ch. 13). So each patch of a track is
laid on an earlier one, the *key*, by the best homography, and what remains is looked at over
time. On a picture nothing remains but sensor noise, which has no memory from one frame to the
next, and a little resampling error, which grows with how far the picture was moved. On a living
face there remain lids, brows, mouth and the parallax of the nose, and those last for many frames.

The measure is the autocovariance of the residual at a lag of a tenth of a second (what has no
memory drops out of it), relative to the face's own contrast, and relative to what moving a
picture equally far could show.

Registration is Gauss-Newton with the key's gradients (inverse compositional, Baker and
Matthews 2004), affine first, then projective, each with gain, offset and a light gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.faces.quality import PATCH

FLOOR = 0.0010
"""Residual that counts as life on a face that is not moved. Simulated prints stayed at or below
0.00003 as raw pictures, 0.0004 as Motion JPEG and 0.0009 through MPEG-4 at OpenCV's rate; the
stillest enrolled person on film reached 0.0032 within 1.5 s (`bench.motion`, docs/liveness.md).
Video coders below about 1500 kb/s take prints over it: no floor helps there."""
GROWTH = 0.01
"""... and this much more per squared face width of movement."""
LAG_S = 0.1
"""Two pictures so far apart share what the face does, but neither sensor noise nor, by then,
most of a video coder's errors."""
SIMILAR = 0.85
"""A patch that correlates less with its key is another view (a hand, a turned head, a failed
registration): it says nothing about flatness and is left out."""
MIN_FRAMES = 6
MIN_SECONDS = 0.55

_HALF = PATCH / 2
_CENTRE = (PATCH - 1) / 2
# To coordinates of about -1..1, where all parameters of a homography weigh alike.
_UNIT = np.array([[1 / _HALF, 0, -_CENTRE / _HALF], [0, 1 / _HALF, -_CENTRE / _HALF], [0, 0, 1]])
_PIXELS = np.linalg.inv(_UNIT)
_Y, _X = (np.mgrid[0:PATCH, 0:PATCH].astype(np.float32) - np.float32(_CENTRE)) / np.float32(_HALF)
_CORNERS = _PIXELS @ np.array([[-1, 1, 1, -1], [-1, -1, 1, 1], [1, 1, 1, 1]], np.float64)
# (blur, projective): coarse to fine.
_LEVELS = ((3.0, False), (1.0, False), (1.0, True))
_STEPS = 8
_CONVERGED = 0.02  # pixels
_INSIDE = (_X / np.float32(0.62)) ** 2 + (_Y / np.float32(0.70)) ** 2 < 1
"""Eyes to mouth, and far enough from the patch's border that a patch laid on its key by a few
pixels still has picture there: repeated border pixels looked like life."""
Patch = NDArray[np.float32]


def _blur(patch: Patch, sigma: float) -> Patch:
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), sigma), np.float32)


_MASK = _INSIDE.astype(np.float32)
_FINE, _BROAD = 2.0, 8.0  # pixels
_WEIGHTS = {sigma: np.maximum(_blur(_MASK, sigma), np.float32(1e-3)) for sigma in (_FINE, _BROAD)}


def _mean(patch: Patch, sigma: float) -> Patch:
    """Blurred within `_INSIDE` alone: hair and background beside the face weigh nothing."""
    return np.asarray(_blur(patch * _MASK, sigma) / _WEIGHTS[sigma], np.float32)


def _detail(patch: Patch) -> NDArray[np.float32]:
    """The face's pixels without what is broader than a feature (light) or finer (noise)."""
    band = _mean(patch, _FINE) - _mean(patch, _BROAD)
    return np.asarray(band[_INSIDE], np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class _Level:
    blur: float
    target: NDArray[np.float32]
    solve: NDArray[np.float32]
    parameters: int


@dataclass(frozen=True, eq=False, slots=True)
class Key:
    """A patch that later ones are laid on, with its solvers. face_width: frame pixels."""

    t: float
    detail: NDArray[np.float32]
    energy: float
    face_width: float
    levels: tuple[_Level, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Registered:
    """One patch laid on its key: detail (P,), and the key's corners in the frame (2, 4).

    likeness: correlation with the key, `SIMILAR`..1.
    """

    t: float
    detail: NDArray[np.float32]
    corners: NDArray[np.float64]
    likeness: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """residual: autocovariance at `LAG_S` over contrast. movement: face widths, root mean square.

    liveliness: residual over what a flat picture moved this far may show; 1 is the bound.
    """

    residual: float
    movement: float
    liveliness: float
    frames: int
    seconds: float


def make_key(t: float, patch: Patch, matrix: NDArray[np.float64]) -> Key | None:
    """A key from a patch (64, 64) and its frame-to-patch matrix; None when it has no contrast."""
    levels = []
    for sigma, projective in _LEVELS:
        smooth = _blur(patch, sigma)
        gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8) * _HALF
        gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8) * _HALF
        columns = [gx * _X, gx * _Y, gx, gy * _X, gy * _Y, gy]
        if projective:
            columns += [-(gx * _X + gy * _Y) * _X, -(gx * _X + gy * _Y) * _Y]
        parameters = len(columns)
        columns += [smooth - smooth[_INSIDE].mean(), np.ones_like(smooth)]
        if projective:
            columns += [_X, _Y]
        jacobian = np.stack([c[_INSIDE] for c in columns], axis=1).astype(np.float64)
        solve = np.linalg.pinv(jacobian).astype(np.float32)
        levels.append(_Level(sigma, smooth[_INSIDE], solve, parameters))
    detail = _detail(patch)
    energy = float(np.mean(detail**2))
    if energy < 1.0:
        return None
    width = PATCH / float(np.hypot(matrix[0, 0], matrix[0, 1]))
    return Key(t, detail, energy, width, tuple(levels))


def _warp(patch: Patch, homography: NDArray[np.float64]) -> Patch:
    return np.asarray(
        cv2.warpPerspective(
            patch,
            _PIXELS @ homography @ _UNIT,
            (PATCH, PATCH),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def register(key: Key, t: float, patch: Patch, matrix: NDArray[np.float64]) -> Registered | None:
    """Lay `patch` on `key`; None when no homography makes them alike."""
    h = np.eye(3)
    for level in key.levels:
        smooth = _blur(patch, level.blur)
        for _ in range(_STEPS):
            step = np.zeros(8)
            found = level.solve @ (_warp(smooth, h)[_INSIDE] - level.target)
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
            if float(np.abs(step).max()) * _HALF < _CONVERGED:
                break
    detail = _detail(_warp(patch, h))
    product = float(np.mean(detail * key.detail))
    gain = product / key.energy
    likeness = product / float(np.sqrt(key.energy * np.mean(detail**2)) + 1e-9)
    if likeness < SIMILAR or not 0.5 < gain < 2.0:
        return None
    to_frame = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    corners = to_frame @ _PIXELS @ h @ _UNIT @ _CORNERS
    return Registered(t, detail / np.float32(gain), corners[:2] / corners[2], likeness)


def weigh(key: Key, registered: Sequence[Registered]) -> Evidence | None:
    """What the patches laid on one key say; None while they are too few or too brief."""
    if len(registered) < MIN_FRAMES:
        return None
    times = np.array([r.t for r in registered])
    seconds = float(times[-1] - times[0])
    if seconds < MIN_SECONDS:
        return None
    stack = np.stack([r.detail for r in registered])
    stack -= stack.mean(axis=0)
    lag = max(round(LAG_S / max(float(np.median(np.diff(times))), 1e-3)), 1)
    # Only pairs about a lag apart: across a gap the product would say nothing about memory.
    near = times[lag:] - times[:-lag] < 2 * LAG_S + 0.05
    if int(near.sum()) < MIN_FRAMES // 2:
        return None
    products = np.einsum("ij,ij->i", stack[lag:], stack[:-lag])[near] / stack.shape[1]
    residual = float(products.mean()) / key.energy
    corners = np.stack([r.corners for r in registered])
    offsets = corners - corners.mean(axis=0)
    movement = float(np.sqrt(np.mean(np.sum(offsets**2, axis=1)))) / key.face_width
    liveliness = max(residual, 0.0) / (FLOOR + GROWTH * movement**2)
    return Evidence(residual, movement, liveliness, len(registered), seconds)
