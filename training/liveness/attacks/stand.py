"""What stands before a camera instead of being held: a monitor on its foot, a laptop."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.hold import Hold
from training.liveness.attacks.ranges import span
from training.liveness.attacks.surface import Floats, Surface


@dataclass(frozen=True)
class Standing(Hold):
    """Farther away and straighter than what is held."""

    distance: float = span([(60, 90), (130, 200)], (90, 130))
    yaw: float = span([(-25, -10), (-5, 6), (14, 22)], [(-10, -5), (6, 14)])
    pitch: float = span([(-12, -6), (-3, 4)], [(-6, -3), (4, 7)])
    roll: float = span([(-1.5, -0.5), (-0.2, 1.0)], [(-0.5, -0.2), (1.0, 1.5)])


def draw_stand(
    light: Floats,
    surface: Surface,
    half: NDArray[np.floating],
    kind: str,
    colour: NDArray[np.float32],
) -> None:
    """Paints it into a frame (H, W, 3) of linear light, below a display of half size (2,) cm."""
    w, h = (float(v) for v in half)
    if kind == "laptop":
        # The keyboard comes towards the camera: wider, and seen from above, low.
        deep = 0.42 * h
        _fill(
            light, surface, [(-w, h), (w, h), (1.13 * w, h + deep), (-1.13 * w, h + deep)], colour
        )
        for row in np.linspace(0.15, 0.6, 5):
            grow = 0.9 * (1 + 0.13 * row)
            y, tall = h + deep * row, 0.07 * deep
            keys = [(-grow * w, y), (grow * w, y), (grow * w, y + tall), (-grow * w, y + tall)]
            _fill(light, surface, keys, colour * np.float32(0.35))
        return
    if kind == "none":
        return
    neck = {"foot": 0.1, "wide foot": 0.16, "arm": 0.07}[kind] * w
    low = h + 0.38 * h
    _fill(
        light, surface, [(-neck, h), (neck, h), (1.2 * neck, low), (-1.2 * neck, low)], colour * 0.7
    )
    if kind != "arm":
        foot = (0.35 if kind == "foot" else 0.6) * w
        ring = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        shape = np.column_stack([foot * np.cos(ring), low + 0.12 * foot * np.sin(ring)])
        _fill(light, surface, shape, colour)


def _fill(
    light: Floats,
    surface: Surface,
    corners: list[tuple[float, float]] | NDArray[np.floating],
    colour: NDArray[np.floating],
) -> None:
    ring = np.clip(surface.project(np.array(corners)), -4000, 4000)
    low = np.clip(np.floor(ring.min(axis=0)) - 1, 0, light.shape[1::-1]).astype(int)
    top = np.clip(np.ceil(ring.max(axis=0)) + 2, 0, light.shape[1::-1]).astype(int)
    if (top <= low).any():
        return
    mask = np.zeros((top[1] - low[1], top[0] - low[0]), np.uint8)
    cv2.fillPoly(mask, [np.round((ring - low) * 8).astype(np.int32)], (255,), cv2.LINE_AA, 3)
    part = light[low[1] : top[1], low[0] : top[0]]
    part += (colour.astype(np.float32) - part) * (mask / np.float32(255))[..., None]
