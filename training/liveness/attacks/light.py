"""The light of a scene, judged by its picture: a print is lit by it, a screen reflects it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.camera import Floats, to_light
from training.liveness.attacks.things import Shown

SKIN = 0.33
"""Share of light that skin of medium tone reflects (Angelopoulou 1999: 0.2 to 0.5, by tone)."""
_LUMINANCE = np.array([0.07, 0.72, 0.21], np.float32)


def falling(frame: Shown, person_there: bool) -> NDArray[np.float32]:
    """(3,) BGR: light of a white sheet in this scene, 1: as bright as can be shown."""
    little = cv2.resize(frame.image, (40, 40), interpolation=cv2.INTER_AREA)
    small = to_light(np.asarray(little, np.uint8))
    grey = small @ _LUMINANCE
    level = 0.9 * float(np.quantile(grey, 0.93))
    if person_there:
        level = 0.5 * level + 0.5 * float(skin(frame) @ _LUMINANCE) / SKIN
    mean = small.mean(axis=(0, 1)) + 0.01
    tint = (mean / (mean @ _LUMINANCE)) ** 0.4
    return np.asarray(np.clip(level, 0.12, 1.15) * tint, np.float32)


def skin(frame: Shown) -> NDArray[np.float32]:
    """(3,) BGR linear light of the middle of the face."""
    x1, y1, x2, y2 = (float(v) for v in frame.box)
    high, wide = frame.image.shape[:2]
    left, right = (int(np.clip(x1 + s * (x2 - x1), 0, wide - 1)) for s in (0.3, 0.7))
    top, low = (int(np.clip(y1 + s * (y2 - y1), 0, high - 1)) for s in (0.45, 0.65))
    part = to_light(np.ascontiguousarray(frame.image[top : low + 1, left : right + 1]))
    return np.asarray(np.median(part.reshape(-1, 3), axis=0), np.float32)


def cloth(frame: Shown, rng: np.random.Generator, lit: Floats) -> NDArray[np.float32]:
    """(3,) BGR linear light of a sleeve: what is below the chin of whoever is there, or any."""
    x1, y1, x2, y2 = (float(v) for v in frame.box)
    high, wide = frame.image.shape[:2]
    x, y = round((x1 + x2) / 2), round(y2 + 0.9 * (y2 - y1))
    reach = max(round((x2 - x1) / 6), 1)
    if reach <= x < wide - reach and reach <= y < high - reach:
        part = frame.image[y - reach : y + reach, x - reach : x + reach]
        return np.asarray(np.median(to_light(part.copy()).reshape(-1, 3), axis=0), np.float32)
    own = np.exp(rng.uniform(np.log(0.02), np.log(0.5))) * np.exp(rng.normal(0, 0.2, 3))
    return np.asarray(own * lit, np.float32)


def some_skin(rng: np.random.Generator, lit: Floats) -> NDArray[np.float32]:
    """(3,) BGR linear light of somebody's skin in a scene's light."""
    level = np.exp(rng.uniform(np.log(0.06), np.log(0.5)))
    # Darker skin is redder by ratio; between measured averages of pale and dark skin.
    red = 1.55 + 0.25 * rng.random()
    return np.asarray(level * np.array([0.55, 0.8, red]) * lit, np.float32)
