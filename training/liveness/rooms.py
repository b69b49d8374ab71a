"""Rooms without anybody in them: walls, and the straight edges that are in every room."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.optics import clouds

THINGS = (0, 5)
"""Posters, screens, shelves, doors and windows in a room: at least, and one more than at most."""

Image = NDArray[np.uint8]


def wall(rng: np.random.Generator, wide: int, high: int) -> Image:
    """Paint or plaster in the light of a lamp from somewhere; at times a corner or a door frame."""
    colour = np.clip(rng.uniform(40, 235) * np.exp(rng.normal(0, 0.12, 3)), 5, 250)
    if rng.random() < 0.6:
        colour = np.clip(colour.mean() + rng.normal(0, 6, 3), 5, 250)
    y, x = np.mgrid[-1 : 1 : high * 1j, -1 : 1 : wide * 1j].astype(np.float32)
    shade = 1 + np.float32(rng.normal(0, 0.15)) * x + np.float32(rng.normal(0, 0.15)) * y
    rough = clouds(rng, high, wide, max(wide / 12, 4), octaves=3)
    shade += rough * np.float32(rng.uniform(0.002, 0.03))
    for _ in range(int(rng.integers(0, 3))):
        edge = float(rng.uniform(-1, 1))
        level, slant = rng.uniform(0.6, 1.25), float(rng.normal(0, 0.04))
        across = x + slant * y if rng.random() < 0.8 else y + slant * x
        shade = np.where(across > edge, shade * level, shade)
    return np.asarray(np.clip(shade[..., None] * colour, 0, 255), np.uint8)


def plain_wall(rng: np.random.Generator, wide: int, high: int) -> Image:
    """A pale wall with nothing on it, in soft light."""
    colour = np.clip(rng.uniform(130, 240) + rng.normal(0, 5, 3), 5, 250)
    y, x = np.mgrid[-1 : 1 : high * 1j, -1 : 1 : wide * 1j].astype(np.float32)
    shade = 1 + np.float32(rng.normal(0, 0.08)) * x + np.float32(rng.normal(0, 0.08)) * y
    middle = rng.uniform(-0.8, 0.8, 2)
    far = (x - np.float32(middle[0])) ** 2 + (y - np.float32(middle[1])) ** 2
    shade -= far * np.float32(rng.uniform(0, 0.08))  # lamps are somewhere
    shade += clouds(rng, high, wide, max(wide / 12, 4), octaves=3) * np.float32(0.004)
    return np.asarray(np.clip(shade[..., None] * colour, 0, 255), np.uint8)


def room(rng: np.random.Generator, wide: int, high: int) -> Image:
    """A wall with things on it or before it."""
    out = wall(rng, wide, high)
    for _ in range(int(rng.integers(*THINGS))):
        _thing(out, rng)
    return out


def _thing(out: Image, rng: np.random.Generator) -> None:
    """A flat thing with straight edges: a frame around a surface of its own."""
    high, wide = out.shape[:2]
    size = np.exp(rng.uniform(np.log(0.06), np.log(0.9), 2)) * (wide, high)
    centre = rng.uniform(-0.1, 1.1, 2) * (wide, high)
    turn = rng.normal(0, 3)
    corners = cv2.boxPoints(((*map(float, centre),), (*map(float, size),), float(turn)))
    corners += rng.normal(0, 0.03, (4, 2)) * size  # seen from aside
    low = np.floor(corners.min(axis=0)).astype(int).clip(0, (wide, high))
    top = np.ceil(corners.max(axis=0)).astype(int).clip(0, (wide, high))
    if (top - low < 4).any():
        return
    part = out[low[1] : top[1], low[0] : top[0]]
    inner = wall(rng, part.shape[1], part.shape[0])
    if rng.random() < 0.4:  # something to see on it: large spots of other colours
        cells = (int(rng.integers(2, 7)), int(rng.integers(2, 7)))
        spots = rng.integers(0, 256, (*cells, 1)) + rng.normal(0, rng.uniform(5, 60), (*cells, 3))
        fine = cv2.resize(
            spots.clip(0, 255).astype(np.uint8), part.shape[1::-1], interpolation=cv2.INTER_CUBIC
        )
        inner = np.asarray(cv2.addWeighted(inner, 0.3, fine, 0.7, 0), np.uint8)
    shape = part.shape[:2]
    local = (corners - low) * 16
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, local.round().astype(np.int32), 255, cv2.LINE_AA, 4)
    alpha = mask.astype(np.float32)[..., None] / 255
    part[:] = (part + (inner - part.astype(np.float32)) * alpha).astype(np.uint8)
    if rng.random() < 0.6:
        rim = [int(v) for v in rng.integers(0, 256, 3)] if rng.random() < 0.3 else None
        shade = int(rng.choice([rng.integers(5, 60), rng.integers(150, 250)]))
        colour = rim if rim is not None else [shade] * 3
        thick = int(rng.integers(1, 14))
        cv2.polylines(part, [local.round().astype(np.int32)], True, colour, thick, cv2.LINE_AA, 4)
