"""How a medium comes into a frame: which pixels it covers, its shadow, and focus."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.ranges import span
from training.liveness.attacks.surface import Floats, Seen, Surface


@dataclass(frozen=True)
class Focus:
    """medium, scene: sigma of defocus in pixels of a frame 640 wide. shadow: how much light the
    medium takes from what is close behind it; shadow_size: cm.
    """

    medium: float = span([(0.3, 0.6), (0.8, 1.2)], (0.6, 0.8), share=0.15)
    scene: float = span([(0.6, 1.2), (2.0, 3.0)], (1.2, 2.0), share=0.2)
    shadow: float = span([(0.1, 0.25), (0.4, 0.6)], (0.25, 0.4), share=0.7)
    shadow_size: float = span([(0.4, 1.2), (2.0, 3.5)], (1.2, 2.0))


Roi = tuple[int, int, int, int]


def covered(surface: Surface, half: NDArray[np.floating], frame: tuple[int, int]) -> Roi | None:
    """The rectangle x1, y1, x2, y2 of pixels that a medium may be seen in; None: outside."""
    t = np.linspace(-1, 1, 9)
    edge = np.concatenate([np.column_stack([t, np.full(9, s)]) for s in (-1, 1)])
    outline = np.vstack([edge, edge[:, ::-1]]) * half
    pixels = surface.project(outline)
    high, wide = frame
    x1, y1 = (int(v) for v in np.clip(np.floor(pixels.min(axis=0)) - 2, 0, (wide, high)))
    x2, y2 = (int(v) for v in np.clip(np.ceil(pixels.max(axis=0)) + 3, 0, (wide, high)))
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def inside(seen: Seen, half: NDArray[np.floating], corner: float, scale: float) -> Floats:
    """Share (h, w) of each pixel that a rectangle with rounded corners covers.

    half: (2,) cm. corner: radius, cm. scale: pixels a cm.
    """
    f = np.float32
    qx, qy = abs(seen.x) - f(half[0] - corner), abs(seen.y) - f(half[1] - corner)
    if corner > 0:
        outer = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
        far = outer + np.minimum(np.maximum(qx, qy), 0) - f(corner)
    else:
        far = np.maximum(qx, qy)
    alpha = np.clip(f(0.5) - far * f(scale), 0, 1)
    if seen.hit is not None:
        alpha = alpha * seen.hit
    return np.asarray(alpha, np.float32)


def sampled(texture: Floats, seen: Seen, half: NDArray[np.floating], per_cm: float) -> Floats:
    """A texture (th, tw, c) of the whole medium at the pixels' places."""
    return np.asarray(
        cv2.remap(
            texture,
            (seen.x + np.float32(half[0])) * np.float32(per_cm) - np.float32(0.5),
            (seen.y + np.float32(half[1])) * np.float32(per_cm) - np.float32(0.5),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def shadow(frame: Floats, roi: Roi, alpha: Floats, size: float, depth: float) -> None:
    """Darkens what is behind and below an edge. size: pixels."""
    x1, y1, x2, y2 = roi
    pad = int(2 * size) + 1
    high, wide = frame.shape[:2]
    left, top, right, low = (
        max(x1 - pad, 0),
        max(y1 - pad, 0),
        min(x2 + pad, wide),
        min(y2 + pad, high),
    )
    full = np.zeros((low - top, right - left), np.float32)
    full[y1 - top : y2 - top, x1 - left : x2 - left] = alpha
    # Four times smaller: a shadow has no detail.
    tiny = cv2.resize(full, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    tiny = cv2.GaussianBlur(tiny, (0, 0), max(size / 4, 0.4))
    moved = np.roll(tiny, max(round(size / 8), 0), axis=0)
    soft = cv2.resize(moved, (full.shape[1], full.shape[0]), interpolation=cv2.INTER_LINEAR)
    frame[top:low, left:right] *= (1 - np.float32(depth) * soft)[..., None]


def lay_on(frame: Floats, roi: Roi, light: Floats, alpha: Floats) -> None:
    """Puts a medium's light (h, w, 3) over the frame's."""
    x1, y1, x2, y2 = roi
    part = frame[y1:y2, x1:x2]
    part += (light - part) * alpha[..., None]


def over_frame(alpha: Floats, roi: Roi, frame: tuple[int, int]) -> Floats:
    """A medium's share (h, w) of a frame's rectangle as one (H, W) of the whole frame."""
    x1, y1, x2, y2 = roi
    out = np.zeros(frame, np.float32)
    out[y1:y2, x1:x2] = alpha
    return out


def face_box(surface: Surface, face: NDArray[np.floating]) -> NDArray[np.float32]:
    """(4,) pixels around a box (4,) in cm on the medium."""
    x1, y1, x2, y2 = face
    seen = surface.project(np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)]))
    # The mean of opposite sides: a detector's box does not grow with the tilt.
    left, right = seen[[0, 3], 0].mean(), seen[[1, 2], 0].mean()
    top, low = seen[[0, 1], 1].mean(), seen[[2, 3], 1].mean()
    return np.array([min(left, right), top, max(left, right), low], np.float32)
