"""A display: the light that it gives for a picture, its grid, flicker, and the glass before it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import optics
from training.liveness.attacks.camera import Camera, Floats
from training.liveness.attacks.ranges import choice, span
from training.liveness.attacks.surface import Seen
from training.liveness.attacks.things import Image

SMUDGES = 64
"""Sides of the map of fingerprints."""


@dataclass(frozen=True)
class Display:
    """gain: white over a white sheet in the scene's light. gamma: over the camera's. cold: colour
    temperature, logarithm of blue over red. saturation: of its colours. leak: light of black.
    falloff: light lost towards the sides. grid: contrast of its lines of pixels. grid_angle:
    degrees, of the camera's own row against them beside the pose. band: depth of dark stripes that
    a rolling shutter sees; band_rows: of a frame 480 high; band_speed: turns a second.
    """

    gain: float = span([(0.7, 1.0), (1.4, 2.6)], (1.0, 1.4), log=True)
    gamma: float = span([(0.85, 1.0), (1.15, 1.4)], (1.0, 1.15))
    cold: float = span([(-0.12, 0.0), (0.08, 0.25)], (0.0, 0.08))
    saturation: float = span([(0.9, 1.05), (1.2, 1.45)], (1.05, 1.2))
    leak: float = span([(0.001, 0.004), (0.012, 0.03)], (0.004, 0.012))
    falloff: float = span([(0.0, 0.06), (0.15, 0.25)], (0.06, 0.15))
    grid: float = span([(0.4, 0.6), (0.75, 0.95)], (0.6, 0.75))
    band: float = span([(0.02, 0.05), (0.1, 0.2)], (0.05, 0.1), share=0.3)
    band_rows: float = span([(30, 90), (180, 400)], (90, 180), log=True)
    band_speed: float = span([(-8, -1), (2, 9)], (-1, 2))


@dataclass(frozen=True)
class Glass:
    """veil: room light that comes off the whole front, share of a white sheet. mirror: what is
    mirrored sharply; strength: in white sheets; size: share of the front; soft: of its edges.
    smudge: of fingers, light that they scatter.
    """

    veil: float = span([(0.002, 0.008), (0.02, 0.05)], (0.008, 0.02))
    mirror: str = choice(["lamp", "window"], ["lamps", "door"], share=0.5)
    strength: float = span([(0.08, 0.25), (0.5, 1.2)], (0.25, 0.5), log=True)
    size: float = span([(0.06, 0.15), (0.3, 0.6)], (0.15, 0.3))
    soft: float = span([(0.01, 0.04), (0.1, 0.2)], (0.04, 0.1))
    smudge: float = span([(0.01, 0.025), (0.05, 0.08)], (0.025, 0.05), share=0.4)


def emitted(image: Image, display: Display, white: float) -> Floats:
    """Light (h, w, 3) of a picture (h, w, 3) uint8 BGR. white: of a white sheet in the scene."""
    level = np.arange(256, dtype=np.float32) / 255
    curve = display.leak + (1 - display.leak) * level ** np.float32(2 * display.gamma)
    tint = np.exp([display.cold / 2, 0.0, -display.cold / 2])
    table = curve[:, None] * (tint * display.gain * max(white, 0.25)).astype(np.float32)
    out = cv2.LUT(image, table[:, None].astype(np.float32))
    s = display.saturation
    mixed = np.eye(3) * s + (1 - s) * np.array([[0.07, 0.72, 0.21]] * 3)
    return np.maximum(cv2.transform(out, mixed.astype(np.float32)), 0)


def gridded(
    light: Floats, seen: Seen, display: Display, pitch: float, scale: float, camera: Camera
) -> Floats:
    """With its sub-pixels as the camera samples them. pitch: cm of a pixel.

    Red, green and blue stripes lie a third of a pixel apart, so that moiré is coloured; between the
    rows is a dark line.
    """
    if optics.transfer(1 / (pitch * scale), camera) * display.grid < optics.LEAST:
        return light
    out = light
    rows, contrast = optics.grating(seen.x, seen.y, pitch, np.pi / 2, 0.0, scale, camera)
    for channel in range(3):
        phase = 2 * np.pi * channel / 3
        columns, _ = optics.grating(seen.x, seen.y, pitch, 0.0, phase, scale, camera)
        if columns is None or rows is None:
            return light
        depth = np.float32(display.grid * contrast)
        factor = (1 + depth * columns) * (1 + 0.4 * depth * rows)
        if out is light:
            out = light.copy()
        out[..., channel] *= factor
    return out


def banded(light: Floats, top: int, display: Display, high: int, seconds: float) -> Floats:
    """With the stripes of a dimmed backlight under a rolling shutter. top: first row."""
    if not display.band:
        return light
    rows = np.arange(top, top + light.shape[0], dtype=np.float32)
    turn = rows / np.float32(display.band_rows * high / 480) + display.band_speed * seconds
    wave = np.sin(2 * np.pi * turn)
    # A shutter shorter than a cycle of the light cuts its top off.
    factor = 1 + np.float32(display.band) * np.clip(1.4 * wave, -1, 1)
    return np.asarray(light * factor[:, None, None], np.float32)


def reflected(
    light: Floats,
    seen: Seen,
    glass: Glass,
    falling: NDArray[np.float32],
    half: NDArray[np.floating],
    moved: tuple[float, float],
    rng: np.random.Generator,
) -> Floats:
    """With what the glass mirrors and scatters. moved: cm that reflections have wandered."""
    h, w = light.shape[:2]
    veil = np.full((h, w), glass.veil, np.float32)
    veil *= 1 + np.float32(rng.normal(0, 0.3)) * seen.x / np.float32(half[0])
    small = float(half.min())
    at = rng.uniform(-0.9, 0.9, 2) * half + moved
    turn, size = float(rng.uniform(-0.5, 0.5)), 2 * small * glass.size
    if glass.mirror == "lamp":
        veil += np.float32(glass.strength) * optics.spot(
            seen.x, seen.y, (at[0], at[1]), size / 2, float(rng.uniform(1, 2)), turn
        )
    elif glass.mirror == "lamps":
        for i in range(3):
            there = (at[0] + i * size * 0.8, at[1] + i * size * 0.15)
            veil += np.float32(glass.strength) * optics.spot(
                seen.x, seen.y, there, size / 5, 1.0, turn
            )
    elif glass.mirror in ("window", "door"):
        tall = size * (1.3 if glass.mirror == "window" else 2.6)
        soft = glass.soft * small
        veil += np.float32(0.6 * glass.strength) * optics.window(
            seen.x, seen.y, (at[0], at[1]), (size, tall), turn, soft
        )
    if glass.smudge:
        # On the glass, and so the same on every frame of a film.
        spread = optics.clouds(rng, SMUDGES, SMUDGES, SMUDGES / 5, octaves=3)
        to = np.float32(SMUDGES / 2) / half.astype(np.float32)
        across, down = (seen.x + half[0]) * to[0], (seen.y + half[1]) * to[1]
        places = across.astype(np.float32), down.astype(np.float32)
        prints = np.asarray(cv2.remap(spread, *places, cv2.INTER_LINEAR), np.float32)
        veil += np.float32(glass.smudge) * np.clip(prints * np.float32(0.5) + np.float32(0.2), 0, 1)
    return np.asarray(light + np.maximum(veil, 0)[..., None] * falling, np.float32)
