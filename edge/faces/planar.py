"""Does a face move as a flat picture would, or as a living one does?

Whatever is done to a flat picture, held, turned, tilted or re-filmed, each frame of it is a
homography of every other frame (Hartley and Zisserman 2003, ch. 13). So each patch of a track is
laid on an earlier one, the *key*, by the best homography, and what remains is looked at over
time. On a picture nothing remains but sensor noise, which has no memory from one frame to the
next, and a little resampling error, which grows with how far the picture was moved. On a living
face there remain mouth, cheeks and the parallax of the nose, and those last for many frames.

Four things change on pictures as well, and count for nothing:

* the eyes: a photograph with holes lends its face the eyes of whoever looks through;
* the light of whole rows: a display under a rolling shutter wanders in bands over the face. Only
  differences along the camera's rows are looked at, of the logarithm of light, and the factor
  that a row is lit by is in none of them;
* a little bending: what a displacement by polynomials of second degree explains, to first order,
  is taken out of what remains, and with it what a registration is off by;
* what is there for a moment: a reflection that crosses a phone. Most pairs of frames must show
  what remains, not a few of them much.

The measure is the autocovariance of the residual at a lag of a tenth of a second (what has no
memory drops out of it), of the pairs of frames without the highest ones, relative to the face's
own contrast, and relative to what moving a picture equally far could show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.faces.laying import (
    BLURS,
    FACE,
    Ground,
    Patch,
    X,
    Y,
    corners,
    gradients,
    ground,
    lay,
    warp,
)
from edge.faces.quality import PATCH

FLOOR = 0.0015
"""Residual that counts as life on a face that is not moved (`bench.motion`, docs/liveness.md has
what films and simulated attacks reach)."""
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
HIGHEST = 0.1
"""Share of the pairs of frames, those that show most, which do not count. Of noise what is left
lies below nothing at all; of a face that lives it lies little below the mean of all."""

_EYES = ((-0.406, 0.375, 0.25), (0.406, 0.375, 0.25))
"""Across from the middle, and reach across and down, in half patches: holes cut for them, too."""
_EYE_LINE = -0.297
_INSIDE = FACE.copy()
"""The face without the eyes."""
for _at, _wide, _high in _EYES:
    _INSIDE &= ((X - _at) / _wide) ** 2 + ((Y - _EYE_LINE) / _high) ** 2 >= 1

_FINE, _BROAD = 2.0, 8.0
"""Pixels: what is narrower is noise, what is broader is light."""
_AROUND = 9.0
"""The same for registration, which looks beyond `_INSIDE`."""
_DARKEST = 8.0  # grey levels: below it a logarithm is all noise


def _blur(patch: Patch, across: float, down: float) -> Patch:
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), sigmaX=across, sigmaY=down), np.float32)


def _light(patch: Patch) -> Patch:
    """Percent, so that a face's contrast is some tens of units."""
    return np.asarray(100 * np.log(np.maximum(patch, np.float32(_DARKEST))), np.float32)


def _relief(light: Patch, blur: float) -> Patch:
    """Light (64, 64) without its mean around in the same row. Both are blurred alike downwards."""
    return _blur(light, blur, blur) - _blur(light, _AROUND, blur)


def _reliefs(light: Patch) -> tuple[Patch, ...]:
    made = {blur: _relief(light, blur) for blur in dict.fromkeys(BLURS)}
    return tuple(made[blur] for blur in BLURS)


def _along(patch: Patch, sigma: float) -> Patch:
    """Blurred along rows, with nothing beyond the border."""
    size = (2 * round(3 * sigma) + 1, 1)
    border = cv2.BORDER_CONSTANT
    return np.asarray(cv2.GaussianBlur(patch, size, sigma, borderType=border), np.float32)


_MASK = _INSIDE.astype(np.float32)
_WEIGHTS = {s: np.maximum(_along(_MASK, s), np.float32(1e-3)) for s in (_FINE, _BROAD)}
_DOWN = np.maximum(_along(_MASK.T, _FINE).T, np.float32(1e-3))


def _detail(light: Patch) -> NDArray[np.float32]:
    """(P,) of light (64, 64): `_relief` by what is inside alone.

    Hair and background beside the face weigh nothing.
    """
    inside = light * _MASK
    fine, broad = (_along(inside, s) / _WEIGHTS[s] for s in (_FINE, _BROAD))
    rows = np.ascontiguousarray(((fine - broad) * _MASK).T)
    return np.asarray((_along(rows, _FINE).T / _DOWN)[_INSIDE], np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Key:
    """A patch that later ones are laid on, with its solvers. face_width: frame pixels.

    detail: (P,). bent: (P, 15) orthonormal, what bending and light can make of it.
    """

    t: float
    detail: NDArray[np.float32]
    bent: NDArray[np.float32]
    energy: float
    face_width: float
    ground: Ground


@dataclass(frozen=True, eq=False, slots=True)
class Registered:
    """One patch laid on its key: what remains (P,), and the key's corners in the frame (2, 4).

    likeness: correlation with the key, `SIMILAR`..1.
    """

    t: float
    remains: NDArray[np.float32]
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


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """A patch (64, 64), grey levels, and its frame-to-patch matrix, ready for several keys."""

    t: float
    patch: Patch
    matrix: NDArray[np.float64]
    light: Patch
    reliefs: tuple[Patch, ...]


def seen(t: float, patch: Patch, matrix: NDArray[np.float64]) -> Seen:
    """What is the same for every key that the patch is laid on."""
    light = _light(patch)
    return Seen(t, patch, matrix, light, _reliefs(light))


def make_key(of: Seen) -> Key | None:
    """A key from a patch; None when it has no contrast."""
    detail = _detail(of.light)
    energy = float(np.mean(detail**2))
    if energy < 1.0:
        return None
    width = PATCH / float(np.hypot(of.matrix[0, 0], of.matrix[0, 1]))
    return Key(of.t, detail, _bent(of.light), energy, width, ground(of.reliefs, _INSIDE))


def _bent(light: Patch) -> NDArray[np.float32]:
    """(P, 15): changes of detail by displacements of second degree, and by gain and gradients."""
    smooth = _blur(light, 0.7, 0.7)
    bends = (np.ones_like(X), X, Y, X * X, X * Y, Y * Y)
    changes = [g * bend for g in gradients(smooth) for bend in bends] + [
        light * m for m in bends[:3]
    ]
    columns = np.stack([_detail(change) for change in changes], axis=1)
    return np.asarray(np.linalg.qr(columns.astype(np.float64))[0], np.float32)


def register(key: Key, what: Seen) -> Registered | None:
    """Lay a patch on `key`; None when no homography makes them alike."""
    h = lay(key.ground, what.reliefs)
    if h is None:
        return None
    detail = _detail(_light(warp(what.patch, h)))
    product = float(np.mean(detail * key.detail))
    gain = product / key.energy
    likeness = product / float(np.sqrt(key.energy * np.mean(detail**2)) + 1e-9)
    if likeness < SIMILAR or not 0.5 < gain < 2.0:
        return None
    remains = detail / np.float32(gain) - key.detail
    remains -= key.bent @ (key.bent.T @ remains)
    return Registered(what.t, remains, corners(h, what.matrix), likeness)


def weigh(key: Key, registered: Sequence[Registered]) -> Evidence | None:
    """What the patches laid on one key say; None while they are too few or too brief."""
    if len(registered) < MIN_FRAMES:
        return None
    times = np.array([r.t for r in registered])
    seconds = float(times[-1] - times[0])
    if seconds < MIN_SECONDS:
        return None
    stack = np.stack([r.remains for r in registered])
    stack -= np.median(stack, axis=0)
    lag = max(round(LAG_S / max(float(np.median(np.diff(times))), 1e-3)), 1)
    # Only pairs about a lag apart: across a gap the product would say nothing about memory.
    near = times[lag:] - times[:-lag] < 2 * LAG_S + 0.05
    if int(near.sum()) < MIN_FRAMES // 2:
        return None
    products = np.einsum("ij,ij->i", stack[lag:], stack[:-lag])[near] / stack.shape[1]
    lower = np.sort(products)[: len(products) - int(HIGHEST * len(products))]
    residual = float(lower.mean()) / key.energy
    places = np.stack([r.corners for r in registered])
    offsets = places - places.mean(axis=0)
    movement = float(np.sqrt(np.mean(np.sum(offsets**2, axis=1)))) / key.face_width
    liveliness = max(residual, 0.0) / (FLOOR + GROWTH * movement**2)
    return Evidence(residual, movement, liveliness, len(registered), seconds)
