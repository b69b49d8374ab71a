"""A film of a photograph held to the camera: a simulated presentation attack.

From one picture, as a printer, a hand and a camera would make it: ink on paper reaches neither
black nor white, three colours are screened at their usual angles, a sheet has a white margin, the
hand moves and tilts it, the camera blurs and adds noise. Every frame of the sheet is a homography
of every other, as with a real sheet held flat. Simulated: a real print may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_INK, _PAPER = 32.0, 232.0
_SCREENS = (15.0, 75.0, 45.0)  # degrees, as cyan, magenta and yellow are commonly screened
_ENLARGE = 3
_DOT = 2.7  # period of the screen, print pixels
_FOCAL = 700.0  # pixels; a webcam's at 640 wide


@dataclass(frozen=True, slots=True)
class Hand:
    """How the sheet is held. sway: 0 a stand, 1 a steady hand, 2 a restless one.

    margin: white around the picture, fraction of its side. noise: of the camera, grey levels.
    """

    sway: float = 1.0
    margin: float = 0.08
    noise: float = 2.5


def sheet(picture: Image, margin: float) -> NDArray[np.float32]:
    """The printed sheet, enlarged: float32 (h, w, 3) grey levels."""
    size = (picture.shape[1] * _ENLARGE, picture.shape[0] * _ENLARGE)
    big = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    big = _INK + big * ((_PAPER - _INK) / 255.0)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    for channel, degrees in enumerate(_SCREENS):
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        wave = 2 * np.pi / _DOT
        big[..., channel] += 25 * np.cos(wave * (x * c + y * s)) * np.cos(wave * (y * c - x * s))
    edge = int(margin * max(size))
    framed = cv2.copyMakeBorder(
        big, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(_PAPER,) * 3
    )
    # What the printer and the camera's sampling of so fine a screen smooth away.
    return np.asarray(cv2.GaussianBlur(framed, (0, 0), 1.2), np.float32)


def wall(width: int, height: int) -> NDArray[np.float32]:
    """A plain wall, unevenly lit: float32 (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 150 + 40 * (x / width) - 30 * (y / height)
    return np.stack([light * 0.97, light * 0.99, light], axis=2)


def portrait(picture: Image, box: NDArray[np.floating]) -> Image:
    """Head and shoulders around a face box (x1, y1, x2, y2), as one would print them."""
    x1, y1, x2, y2 = (float(v) for v in box)
    reach = 1.3 * max(x2 - x1, y2 - y1)
    cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
    h, w = picture.shape[:2]
    left, right = max(int(cx - reach), 0), min(int(cx + reach), w)
    top, bottom = max(int(cy - reach), 0), min(int(cy + reach), h)
    return np.ascontiguousarray(picture[top:bottom, left:right])


def held_up(
    picture: Image,
    *,
    frames: int,
    seed: int,
    size: tuple[int, int] = (640, 480),
    fps: float = 30.0,
    fill: float = 0.62,
    hand: Hand | None = None,
) -> Iterator[Image]:
    """Frames (height, width, 3) uint8 of the printed picture held to the camera.

    size: (width, height). fill: the sheet's height as a fraction of the frame's; above 1 its
    edges lie outside the frame.
    """
    hand = hand or Hand()
    rng = np.random.default_rng(seed)
    paper = sheet(picture, hand.margin)
    ph, pw = paper.shape[:2]
    width, height = size
    behind = wall(width, height)
    phase, rate = rng.uniform(0, 2 * np.pi, 7), rng.uniform(0.2, 1.0, 7)
    half_h = fill * height / 2
    half_w = half_h * pw / ph
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [half_w, half_h]
    flat = np.concatenate([corners, np.zeros((4, 1))], axis=1)
    source = np.array([[0, 0], [pw, 0], [pw, ph], [0, ph]], np.float32)
    mask = np.ones((ph, pw), np.float32)
    for i in range(frames):
        swing = hand.sway * np.sin(2 * np.pi * rate * i / fps + phase)
        turned = flat @ _rotation(0.20 * swing[0], 0.15 * swing[1], 0.10 * swing[2]).T
        away = _FOCAL * (1 + 0.06 * swing[3]) + turned[:, 2:]
        centre = [width / 2 + 15 * swing[4], height / 2 + 10 * swing[5]]
        seen = (turned[:, :2] * (_FOCAL / away) + centre).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(source, seen)
        cover = cv2.warpPerspective(mask, matrix, size)[..., np.newaxis]
        frame = cv2.warpPerspective(paper, matrix, size) * cover + behind * (1 - cover)
        frame = cv2.GaussianBlur(frame, (0, 0), 0.6) * (1 + 0.02 * swing[6])
        frame += rng.normal(0, hand.noise, frame.shape)
        yield np.clip(frame, 0, 255).astype(np.uint8)


def _rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y, np.float64)
