"""What views of presentations go through in training: other hues, another light, a veil, a blot.

Pure functions of crops (n · S, S, 3) uint8 BGR; each returns new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.crops import Image


def recoloured(image: Image, rng: np.random.Generator) -> Image:
    """(H, W, 3) uint8 BGR with every hue turned by the same angle; light stays as it is."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(180))) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def redressed(image: Image, scales: Sequence[float], rng: np.random.Generator) -> Image:
    """Crops (n · S, S, 3) uint8 BGR, the face as it is, around it other hues and another light."""
    other = recoloured(image, rng).astype(np.float32) * np.float32(np.exp(rng.normal(0, 0.25)))
    side = image.shape[1]
    out = image.astype(np.float32)
    for i, scale in enumerate(scales):
        part = slice(i * side, (i + 1) * side)
        own = face_mask(side, scale)
        out[part] = other[part] + (out[part] - other[part]) * own
    return np.clip(out, 0, 255).astype(np.uint8)


@lru_cache
def face_mask(side: int, scale: float) -> NDArray[np.float32]:
    """(side, side, 1) 1 on the face in the middle of a crop of `scale` face sizes, 0 off it."""
    y, x = np.ogrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    radius = np.hypot(x * scale / 0.95, y * scale / 1.25)
    return np.asarray(1 / (1 + np.exp((radius - 1) * 12)), np.float32)[..., None]


def hidden(image: Image, scale: float) -> Image:
    """A crop (S, S, 3) uint8 BGR of `scale` face sizes, the face in its middle made a blot."""
    side = image.shape[1]
    blot = cv2.GaussianBlur(image, (0, 0), 0.3 * side / scale).astype(np.float32)
    own = face_mask(side, scale)
    return np.asarray(image + (blot - image) * own, np.uint8)


def veiled(image: Image, rng: np.random.Generator) -> Image:
    """(H, W, 3) uint8 BGR, pale and soft, as doors' cameras are and photographers' are not.

    Stray light in the lens lifts what is dark, the sensor's colours are weak, the lens is not
    sharp. Paper and screens do the same to a picture; living faces from collections of photographs
    alone would teach that whatever is pale and soft is an attack.
    """
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    colour = rng.uniform(0.3, 1.0)
    out = cv2.addWeighted(image, colour, grey, 1 - colour, 0)
    share = rng.uniform(0.05, 0.55)
    light = rng.uniform(60, 215) * np.exp(rng.normal(0, 0.04, 3))
    out = np.clip(out * np.float32(1 - share) + (share * light).astype(np.float32), 0, 255)
    sigma = rng.uniform(0.0, 1.2)
    if sigma > 0.3:
        out = cv2.GaussianBlur(out, (0, 0), sigma)
    return np.asarray(out, np.uint8)
