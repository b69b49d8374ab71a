"""Light between the medium and the sensor: grids that alias, glare, reflections, focus."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.camera import Camera, Floats

LEAST = 0.003
"""Contrast below which a grid is not drawn: less than a grey level."""


def transfer(frequency: float, camera: Camera) -> float:
    """Contrast that is left of a grid of `frequency` cycles a pixel, 0..1.

    The lens is a Gaussian, the pixel a square aperture: exp(-2 pi² s² f²) · |sinc(a f)| (Holst,
    CMOS/CCD Sensors and Camera Systems). Beyond half a cycle a pixel what is left is seen as moiré.
    """
    soft = np.exp(-2 * np.pi**2 * camera.softness**2 * frequency**2)
    return float(soft * abs(np.sinc(camera.aperture * frequency)))


def grating(
    x: Floats, y: Floats, period: float, angle: float, phase: float, scale: float, camera: Camera
) -> tuple[Floats | None, float]:
    """A sine grating on a medium as the pixels sample it, -1..1, and its contrast.

    x, y: (h, w) cm on the medium at the pixels' centres. period: cm. angle, phase: radians.
    scale: pixels a cm. Sampled at the centres, so that too fine a grating aliases by itself; None
    where nothing of it is left.
    """
    contrast = transfer(1 / (period * scale), camera)
    if contrast < LEAST:
        return None, contrast
    turn = 2 * np.pi / period
    along = x * np.float32(turn * np.cos(angle)) + y * np.float32(turn * np.sin(angle))
    # Phases reach thousands of turns, where float32 still knows them to a hundredth.
    return np.cos(along + np.float32(phase)), contrast


def spot(
    x: Floats, y: Floats, at: tuple[float, float], size: float, stretch: float, angle: float
) -> Floats:
    """A lamp's reflection (h, w), 0..1, around a point: a bright core in a wide halo.

    at, size: cm. stretch: how much longer along `angle` (radians) than across.
    """
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(at[0]), y - np.float32(at[1])
    along, across = (dx * c + dy * s) / np.float32(stretch), dy * c - dx * s
    far = (along * along + across * across) / np.float32(size * size)
    return np.asarray(0.75 * np.exp(-far) + 0.25 / (1 + far), np.float32)


def window(
    x: Floats,
    y: Floats,
    at: tuple[float, float],
    size: tuple[float, float],
    angle: float,
    soft: float,
) -> Floats:
    """A window's reflection (h, w), 0..1: two panes with a bar between, edges `soft` cm wide.

    size: (2,) width and height, cm.
    """
    wide, high = size
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(at[0]), y - np.float32(at[1])
    along, across = dx * c + dy * s, dy * c - dx * s
    edge = np.float32(1 / max(soft, 0.05))
    inside = np.clip((wide / 2 - abs(along)) * edge + 0.5, 0, 1)
    inside *= np.clip((high / 2 - abs(across)) * edge + 0.5, 0, 1)
    bar = np.clip((abs(along) - wide * 0.03) * edge + 0.5, 0, 1)
    return np.asarray(inside * bar, np.float32)


def clouds(
    rng: np.random.Generator, height: int, width: int, cell: float, *, octaves: int = 1
) -> Floats:
    """Smooth noise (height, width) of mean 0 and deviation about 1. cell: pixels of a cloud."""
    out = np.zeros((height, width), np.float32)
    for i in range(octaves):
        grid = (max(round(height / cell), 1) + 2, max(round(width / cell), 1) + 2)
        coarse = rng.standard_normal(grid, dtype=np.float32)
        out += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR) / 2**i
        cell = max(cell / 2, 1)
    return out


def softened(layer: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Out of focus by `sigma` pixels."""
    if sigma < 0.25:
        return layer
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma), np.float32)
