"""Ink on paper: what light a printed picture reflects, and its dots, texture and gloss."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import optics
from training.liveness.attacks.camera import Camera, Floats
from training.liveness.attacks.ranges import chance, span
from training.liveness.attacks.surface import Seen
from training.liveness.attacks.things import Image


@dataclass(frozen=True)
class Paper:
    """black, white: reflectance of full ink and of bare paper. warm: paper's tint. gain: exponent
    of mid tones; above 1 dots spread and darken them (dot gain). saturation: of the inks. cast: of
    cyan against red and of magenta against green. grey: printed in black only. texture: of the
    paper, share of its light. band: depth of a print head's stripes; band_period: cm. dots:
    contrast of the halftone; dot_period: cm, dot_angle: degrees. gloss: of the lamp's reflection at
    its brightest, in whites; gloss_size: cm. sheen: light that the whole surface reflects.
    """

    black: float = span([(0.004, 0.015), (0.035, 0.06)], (0.015, 0.035))
    white: float = span([(0.72, 0.82), (0.87, 0.95)], (0.82, 0.87))
    warm: float = span([(-0.06, 0.0), (0.03, 0.1)], (0.0, 0.03))
    gain: float = span([(0.8, 0.95), (1.1, 1.25)], (0.95, 1.1))
    saturation: float = span([(0.7, 0.9), (1.02, 1.25)], (0.9, 1.02))
    cast_red: float = span([(-0.1, -0.03), (0.02, 0.09)], (-0.03, 0.02))
    cast_green: float = span([(-0.07, -0.02), (0.02, 0.06)], (-0.02, 0.02))
    grey: bool = chance(0.1)
    texture: float = span([(0.004, 0.012), (0.018, 0.03)], (0.012, 0.018))
    band: float = span([(0.01, 0.03), (0.05, 0.08)], (0.03, 0.05), share=0.4)
    band_period: float = span([(0.08, 0.2), (0.35, 0.6)], (0.2, 0.35))
    dots: float = span([(0.15, 0.35), (0.5, 0.7)], (0.35, 0.5), share=0.6)
    dot_period: float = span([(0.02, 0.04), (0.07, 0.13)], (0.04, 0.07), log=True)
    dot_angle: float = span([(0, 20), (40, 75)], (20, 40))
    gloss: float = span([(0.1, 0.3), (0.6, 1.0)], (0.3, 0.6), share=0.35)
    gloss_size: float = span([(0.8, 2.0), (4.0, 7.0)], (2.0, 4.0))
    sheen: float = span([(0.005, 0.015), (0.035, 0.06)], (0.015, 0.035), share=0.4)


def printed(image: Image, paper: Paper) -> Floats:
    """Reflectance (h, w, 3) float32 of a picture in ink."""
    level = np.arange(256, dtype=np.float32) / 255
    curve = level ** np.float32(2 * paper.gain)
    white = paper.white * np.exp([-paper.warm, -paper.warm / 4, paper.warm / 4])
    cast = np.exp([-paper.cast_red / 2, paper.cast_green, paper.cast_red])
    # A cast of the inks is strongest in mid tones: paper and black have none.
    table = np.stack(
        [
            paper.black + (w - paper.black) * curve ** np.float32(1 / c)
            for w, c in zip(white, cast, strict=True)
        ],
        axis=-1,
    )
    out = cv2.LUT(image, table.astype(np.float32)[:, None])
    kept = 0.0 if paper.grey else paper.saturation
    mixed = np.eye(3) * kept + (1 - kept) * np.array([[0.11, 0.59, 0.30]] * 3)
    # Colours beyond what ink can do are cut off.
    return np.asarray(np.maximum(cv2.transform(out, mixed.astype(np.float32)), 0), np.float32)


def bare(paper: Paper) -> NDArray[np.float32]:
    """(3,) reflectance without ink."""
    return np.asarray(printed(np.full((1, 1, 3), 255, np.uint8), paper)[0, 0], np.float32)


def roughened(ink: Floats, paper: Paper, per_cm: float, rng: np.random.Generator) -> Floats:
    """With the paper's texture and the print head's stripes. per_cm: pixels a cm."""
    high, wide = ink.shape[:2]
    grain = rng.standard_normal((high, wide), dtype=np.float32) * np.float32(paper.texture * 0.7)
    grain += optics.clouds(rng, high, wide, max(per_cm * 0.4, 2)) * np.float32(paper.texture * 0.6)
    if paper.band:
        rows = max(int(high / per_cm / paper.band_period) + 2, 2)
        stripes = rng.standard_normal((rows, 1), dtype=np.float32)
        spread = cv2.resize(stripes, (1, high), interpolation=cv2.INTER_LINEAR)
        grain += spread * np.float32(paper.band * 0.5)
    return np.asarray(ink * (1 + grain)[..., None], np.float32)


def screened(ink: Floats, seen: Seen, paper: Paper, scale: float, camera: Camera) -> Floats:
    """With its halftone as far as the camera resolves it, true or as moiré.

    Each ink has a screen of its own, 30 degrees from the next; a screen shows in mid tones.
    """
    if not paper.dots:
        return ink
    angle = np.radians(paper.dot_angle)
    out = ink
    for channel, turn in enumerate((0.0, np.pi / 12, np.pi / 6)):
        waves = [
            optics.grating(seen.x, seen.y, paper.dot_period, angle + turn + t, 0.0, scale, camera)
            for t in (0.0, np.pi / 2)
        ]
        (first, contrast), (second, _) = waves
        if first is None or second is None:
            continue
        if out is ink:
            out = ink.copy()
        tone = np.sqrt(ink[..., channel].clip(0, 1))
        depth = np.float32(4 * paper.dots * contrast) * tone * (1 - tone)
        out[..., channel] *= 1 + depth * (first + second) / 2
    return out


def lit(
    ink: Floats,
    seen: Seen,
    paper: Paper,
    falling: NDArray[np.float32],
    half: NDArray[np.floating],
    rng: np.random.Generator,
) -> Floats:
    """Light (h, w, 3) that comes from the sheet. falling: (3,) light on it. half: (2,) cm."""
    x, y = seen.x / np.float32(half[0]), seen.y / np.float32(half[1])
    slope = rng.normal(0, 0.07, 2).astype(np.float32)
    shade = 1 + slope[0] * x + slope[1] * y + np.float32(rng.normal(0, 0.04)) * (x * x - 0.3)
    if seen.shade is not None:
        shade = shade * seen.shade
    out = np.asarray(ink * (shade[..., None] * falling), np.float32)
    shine = None
    if paper.gloss:
        at = rng.uniform(-0.8, 0.8, 2) * half
        turn, stretch = float(rng.uniform(0, np.pi)), float(rng.uniform(1, 3))
        size = paper.gloss_size * float(half.min()) / 10
        shine = optics.spot(seen.x, seen.y, (at[0], at[1]), size, stretch, turn)
        shine *= np.float32(paper.gloss)
    if paper.sheen:
        veil = np.float32(paper.sheen) * np.maximum(1 + 0.8 * slope[0] / 0.07 * x, 0)
        shine = veil if shine is None else shine + veil
    if shine is not None:
        out += shine[..., None] * falling
    return out
