"""What a depth and a near-infrared sensor would show: plausible, not measured on any.

Depth as in CASIA-SURF: 8 bits, near is bright, 0 is farther than the window or not measured.
Infrared comes from the sensor's own lamp: skin reflects it well whatever its colour, dye inks
hardly darken paper, and a screen sends none.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

WINDOW_MM = 250.0
"""Depth that the 255 grey levels span."""


def depth_picture(relief: Floats, rng: np.random.Generator) -> Image:
    """(H, W) uint8 of mm towards the camera; NaN is what lies beyond the window."""
    noise = rng.normal(0, rng.uniform(1.0, 4.0), relief.shape)
    seen = np.where(np.isfinite(relief), relief, -1e6).astype(np.float32) + noise
    # A stereo sensor smooths over a few pixels, loses edges, and has spots that it cannot match.
    smooth = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.8, 1.8))
    near = float(np.nanmax(relief)) + rng.uniform(5, 40)
    grey = 255 * (1 - (near - smooth) / WINDOW_MM)
    spots = cv2.GaussianBlur(rng.normal(0, 1, relief.shape), (0, 0), 2.0)
    grey[(grey < 1) | (spots > rng.uniform(0.35, 0.6))] = 0
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def facing(relief: Floats, mm: float) -> Floats:
    """(H, W) 0..1: the cosine between a surface and the line of sight; mm: per pixel."""
    known = np.isfinite(relief)
    smooth = cv2.GaussianBlur(np.where(known, relief, 0).astype(np.float32), (0, 0), 1.5)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    out = 1 / np.sqrt(1 + (np.hypot(across, down) / 8 / mm) ** 2)
    # Where the surface ends its slope is not known.
    inside = cv2.erode(known.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    out[~inside] = np.median(out[inside]) if inside.any() else 1
    return np.asarray(out, np.float32)


def infrared(reflected: Floats, relief: Floats, mm: float, rng: np.random.Generator) -> Image:
    """(H, W) uint8 of the share of the lamp's light that each pixel's surface reflects."""
    lit = np.where(np.isfinite(relief), facing(relief, mm), 0.25)
    grey = 255 * reflected * lit * rng.uniform(0.7, 1.1) + rng.normal(0, 4, reflected.shape)
    blurred = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), rng.uniform(0.5, 1.0))
    return np.clip(np.rint(blurred), 0, 255).astype(np.uint8)


def of_skin(colour: Image) -> Floats:
    """(H, W) reflectances 0..1 of a living face and its surroundings, from (H, W, 3) BGR."""
    blue, green, red = cv2.split(colour.astype(np.float32) / 255)
    return np.asarray(0.3 + 0.6 * (0.1 * blue + 0.25 * green + 0.65 * red) ** 0.6, np.float32)


def of_print(colour: Image, rng: np.random.Generator) -> Floats:
    """... of the same as ink on paper: some inks keep a tenth of their contrast, some half."""
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    return np.asarray(0.85 - rng.uniform(0.08, 0.5) * (1 - grey), np.float32)


def of_screen(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """... of a screen: black glass, with the lamp's reflection somewhere."""
    height, width = shape
    y, x = np.mgrid[:height, :width]
    spot = (x - rng.uniform(0, width)) ** 2 + (y - rng.uniform(0, height)) ** 2
    reach = (rng.uniform(0.05, 0.2) * width) ** 2
    return np.asarray(0.04 + rng.uniform(0, 0.7) * np.exp(-spot / reach), np.float32)
