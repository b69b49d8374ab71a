"""What a display shows around a picture: viewers' bars, a player's controls, windows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.layout import Laid
from training.liveness.attacks.ranges import choice
from training.liveness.attacks.things import Image


@dataclass(frozen=True)
class Interface:
    """ground: what lies around the picture. bars: what a program draws over or beside it."""

    ground: str = choice(["black", "dark", "white"], ["grey", "blue"])
    bars: str = choice(["status", "player"], ["viewer"], share=0.55)


GROUNDS = {
    "black": (4, 4, 4),
    "dark": (38, 34, 32),
    "white": (250, 250, 250),
    "grey": (128, 128, 130),
    "blue": (120, 70, 30),
}


def screen(
    image: Image,
    laid: Laid,
    half: NDArray[np.floating],
    per_cm: float,
    interface: Interface,
    rng: np.random.Generator,
) -> Image:
    """The whole display (h, w, 3) uint8. half: (2,) its half size, cm."""
    wide, high = (max(round(float(v) * 2 * per_cm), 8) for v in half)
    out = np.empty((high, wide, 3), np.uint8)
    out[:] = GROUNDS[interface.ground]
    cut = laid.cut(image, per_cm)
    x, y = (max(round(v), 0) for v in (laid.place[:2] + half) * per_cm)
    cut = cut[: high - y, : wide - x]
    out[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
    if interface.bars in ("status", "player"):
        _status(out, per_cm, rng)
    if interface.bars == "player":
        _player(out, per_cm, rng)
    if interface.bars == "viewer":
        _viewer(out, per_cm, rng)
    return out


def _status(out: Image, per_cm: float, rng: np.random.Generator) -> None:
    """Clock, network, battery at the top edge."""
    tall = max(round(0.45 * per_cm), 3)
    wide = out.shape[1]
    dark = rng.random() < 0.5
    if rng.random() < 0.6:
        out[:tall] = (20, 20, 20) if dark else (245, 245, 245)
    ink = (235, 235, 235) if dark else (30, 30, 30)
    size, y = tall / 34, round(tall * 0.78)
    clock = f"{int(rng.integers(0, 24)):02d}:{int(rng.integers(0, 60)):02d}"
    cv2.putText(out, clock, (round(tall * 0.5), y), 0, size, ink, 1, cv2.LINE_AA)
    for i in range(4):
        x = wide - round(tall * (3.6 - 0.4 * i))
        top = round(tall * (0.75 - 0.13 * i))
        cv2.line(out, (x, y), (x, top), ink, max(tall // 6, 1))
    x = wide - round(tall * 1.6)
    cv2.rectangle(out, (x, round(tall * 0.3)), (x + tall, y), ink, -1)


def _player(out: Image, per_cm: float, rng: np.random.Generator) -> None:
    """A bar with what has been played, and a button."""
    high, wide = out.shape[:2]
    y = high - max(round(rng.uniform(0.5, 1.1) * per_cm), 3)
    a, b = round(wide * 0.06), round(wide * 0.94)
    done = round(a + (b - a) * rng.uniform(0.05, 0.9))
    thick = max(round(0.08 * per_cm), 1)
    cv2.line(out, (a, y), (b, y), (150, 150, 150), thick, cv2.LINE_AA)
    red = (40, 40, 230) if rng.random() < 0.6 else (240, 240, 240)
    cv2.line(out, (a, y), (done, y), red, thick, cv2.LINE_AA)
    cv2.circle(out, (done, y), max(round(0.16 * per_cm), 1), red, -1, cv2.LINE_AA)
    r, low = max(round(0.3 * per_cm), 2), min(y + round(0.35 * per_cm), high - 1)
    for i in (0, 1):
        x = a + i * r // 2 + r // 2
        cv2.line(out, (x, low - r // 3), (x, low + r // 3), (240, 240, 240), max(r // 6, 1))


def _viewer(out: Image, per_cm: float, rng: np.random.Generator) -> None:
    """A picture viewer's title and tools."""
    high, wide = out.shape[:2]
    tall = max(round(0.7 * per_cm), 4)
    light = rng.random() < 0.5
    ground, ink = ((240, 240, 240), (40, 40, 40)) if light else ((30, 30, 30), (230, 230, 230))
    out[:tall], out[high - tall :] = ground, ground
    cv2.line(out, (tall // 2, tall // 2), (tall, tall // 2), ink, max(tall // 10, 1))
    name = f"IMG_{int(rng.integers(1000, 9999))}"
    cv2.putText(out, name, (wide // 3, round(tall * 0.7)), 0, tall / 40, ink, 1, cv2.LINE_AA)
    for i in range(4):
        middle = (round(wide * (i + 0.5) / 4), high - tall // 2)
        cv2.circle(out, middle, max(tall // 5, 1), ink, max(tall // 14, 1), cv2.LINE_AA)
