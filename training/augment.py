"""What a door's camera does to a face, for all trainings: light, lens, sensor, coder, hands.

Pure functions of a picture (H, W, 3) uint8 BGR and a generator; each returns a new picture. Where
things lie is not their business: geometry belongs to the crop (`edge.packs.preprocess`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Box = NDArray[np.floating]


def photometric(image: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """Light first, then lens and sensor, then coder: the order in which a camera does it.

    strength: 0 changes nothing, 1 is what the trainings use.
    """
    table = _tone(rng, strength)
    out = np.asarray(cv2.LUT(image, table), np.uint8)
    if rng.random() < 0.5 * strength:
        out = _colour(out, rng, strength)
    if rng.random() < 0.30 * strength:
        out = half_lit(out, rng)
    if rng.random() < 0.08 * strength:
        grey = np.asarray(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), np.uint8)
        out = np.repeat(grey[:, :, None], 3, axis=2)
    if rng.random() < 0.25 * strength:
        out = distant(out, rng)
    if rng.random() < 0.25 * strength:
        out = _blurred(out, rng)
    if rng.random() < 0.35 * strength:
        out = _noisy(out, rng)
    if rng.random() < 0.25 * strength:
        out = _coded(out, rng)
    return np.ascontiguousarray(out)


def _tone(rng: np.random.Generator, strength: float) -> Image:
    """Table (256, 1, 3): gamma, contrast and brightness of all channels, and white balance."""
    gamma = np.exp(rng.normal(0, 0.25 * strength))
    gain = np.exp(rng.normal(0, 0.15 * strength) + rng.normal(0, 0.05 * strength, 3))
    offset = rng.normal(0, 12 * strength)
    x = (np.arange(256, dtype=np.float32) / 255) ** np.float32(gamma) * 255
    table = x[:, None, None] * gain.astype(np.float32) + np.float32(offset)
    return np.clip(table, 0, 255).astype(np.uint8)


def _colour(image: Image, rng: np.random.Generator, strength: float) -> Image:
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + round(rng.normal(0, 5 * strength))) % 180
    saturation = np.arange(256, dtype=np.float32) * np.exp(rng.normal(0, 0.35 * strength))
    hsv[..., 1] = np.clip(saturation, 0, 255).astype(np.uint8)[hsv[..., 1]]
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def half_lit(image: Image, rng: np.random.Generator) -> Image:
    """Light from one side: brightness falls along a direction, softly or at a sharp edge."""
    height, width = image.shape[:2]
    turn = rng.uniform(0, 2 * np.pi)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    along = (x * np.cos(turn) + y * np.sin(turn)).astype(np.float32)
    soft = rng.uniform(0.15, 1.2)
    share = 1 / (1 + np.exp(-(along - rng.uniform(-0.5, 0.5)) / soft * 3))
    dark, bright = rng.uniform(0.15, 0.75), rng.uniform(1.0, 1.5)
    gain = (dark + (bright - dark) * share).astype(np.float32)
    return np.clip(image * gain[..., None], 0, 255).astype(np.uint8)


def distant(image: Image, rng: np.random.Generator, least: float = 0.25) -> Image:
    """A face far away: fewer pixels, stretched. least: the smallest share of its sides."""
    height, width = image.shape[:2]
    scale = rng.uniform(least, 0.9)
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    how = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (width, height), interpolation=how), np.uint8)


def _blurred(image: Image, rng: np.random.Generator) -> Image:
    """Out of focus, or moving."""
    reach = image.shape[0] / 112
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8) * reach), np.uint8)
    length = max(round(rng.uniform(2, 9) * reach), 2)
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    centre = ((length - 1) / 2,) * 2
    turned = cv2.warpAffine(
        kernel, cv2.getRotationMatrix2D(centre, rng.uniform(0, 180), 1), (length, length)
    )
    return np.asarray(cv2.filter2D(image, -1, turned / max(turned.sum(), 1e-6)), np.uint8)


def _noisy(image: Image, rng: np.random.Generator) -> Image:
    """Sensor noise; in a third of the cases of a grain coarser than a pixel."""
    height, width = image.shape[:2]
    sigma = rng.uniform(2, 14)
    coarse = 2 if rng.random() < 0.33 else 1
    shape = (-(-height // coarse), -(-width // coarse), 3)
    noise = rng.standard_normal(shape, dtype=np.float32) * np.float32(sigma)
    if coarse > 1:
        fine = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
        noise = np.asarray(fine, np.float32)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _coded(image: Image, rng: np.random.Generator) -> Image:
    quality = int(rng.integers(15, 80))
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def occlude(image: Image, rng: np.random.Generator, boxes: NDArray[np.floating]) -> Image:
    """Puts something before a part of each face.

    boxes: (n, 4) x1, y1, x2, y2 in pixels. A hand (anywhere, or laid over the mouth), a bar, or a
    block of flat colour or noise; most cover at most half of the face.
    """
    out = image.copy()
    for box in boxes:
        kind = rng.random()
        if kind < 0.3:
            _hand(out, rng, box)
        elif kind < 0.6:
            _muffle(out, rng, box)
        elif kind < 0.8:
            _bar(out, rng, box)
        else:
            _block(out, rng, box)
    return out


def muffled(image: Image, rng: np.random.Generator, box: Box) -> Image:
    """A hand over the mouth of an upright face; nose bridge, eyes and brow stay free.

    box: (4,) x1, y1, x2, y2 of the face, from brow to chin, in pixels.
    """
    out = image.copy()
    _muffle(out, rng, box)
    return out


def _muffle(image: Image, rng: np.random.Generator, box: Box) -> None:
    """The back of a hand from one side, its fingers side by side across the mouth."""
    x1, y1, x2, y2 = (float(v) for v in box)
    wide, high = x2 - x1, y2 - y1
    side = 1.0 if rng.random() < 0.5 else -1.0
    mouth = np.array([(x1 + x2) / 2, y1 + rng.uniform(0.72, 0.84) * high])
    # From the knuckles towards the finger tips: across the face, rising a little.
    angle = rng.uniform(-0.35, 0.1)
    along = np.array([-side * np.cos(angle), np.sin(angle)])
    across = np.array([along[1] * side, -along[0] * side])
    across *= 1.0 if across[1] > 0 else -1.0
    count, thick = int(rng.integers(3, 5)), high * rng.uniform(0.085, 0.11)
    knuckles = mouth - along * wide * rng.uniform(0.35, 0.5)
    mask, lit = (np.zeros(image.shape[:2], np.uint8) for _ in range(2))
    width = max(round(thick), 2)
    for i in range(count):
        row = across * (i - (count - 1) / 2) * thick * 1.02
        start = knuckles + row
        tip = mouth + row + along * wide * rng.uniform(0.15, 0.4)
        cv2.line(mask, _pixel(start), _pixel(tip), 255, width, cv2.LINE_AA)
        cv2.line(lit, _pixel(start), _pixel(tip), 255, max(width // 2, 1), cv2.LINE_AA)
    palm = knuckles - along * wide * 0.25
    axes = (max(round(wide * 0.33), 2), max(round(thick * count * 0.55), 2))
    slope = float(np.degrees(np.arctan2(along[1], along[0])))
    for surface in (mask, lit):
        cv2.ellipse(surface, _pixel(palm), axes, slope, 0, 360, 255, -1)
    _paint(image, rng, box, mask, cv2.GaussianBlur(lit, (0, 0), max(width / 6, 0.5)))


def _pixel(point: NDArray[np.floating]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _hand(image: Image, rng: np.random.Generator, box: Box) -> None:
    """Fingers and a palm, drawn as thick strokes."""
    x1, y1, x2, y2 = (float(v) for v in box)
    size = max(x2 - x1, y2 - y1)
    palm = np.array([rng.uniform(x1, x2), rng.uniform(y1 + 0.45 * (y2 - y1), y2 + 0.3 * size)])
    towards = np.array([(x1 + x2) / 2, y1 + rng.uniform(0.3, 0.8) * (y2 - y1)]) - palm
    angle = np.arctan2(towards[1], towards[0]) + rng.normal(0, 0.4)
    mask = np.zeros(image.shape[:2], np.uint8)
    width = max(round(size * rng.uniform(0.10, 0.16)), 2)
    count = int(rng.integers(2, 6))
    for i in range(count):
        spread = (i - (count - 1) / 2) * rng.uniform(0.12, 0.3)
        along = np.array([np.cos(angle + spread), np.sin(angle + spread)])
        across = np.array([-np.sin(angle), np.cos(angle)]) * (i - (count - 1) / 2) * width * 0.95
        start, tip = palm + across, palm + across + along * size * rng.uniform(0.25, 0.55)
        cv2.line(mask, _pixel(start), _pixel(tip), 255, width, cv2.LINE_AA)
    axes = (max(round(size * 0.24), 2), max(round(size * 0.2), 2))
    cv2.ellipse(mask, _pixel(palm), axes, float(np.degrees(angle)), 0, 360, 255, -1)
    _paint(image, rng, box, mask, cv2.GaussianBlur(mask, (0, 0), max(width / 3, 0.5)))


def _paint(
    image: Image,
    rng: np.random.Generator,
    box: Box,
    mask: cv2.typing.MatLike,
    lit: cv2.typing.MatLike,
) -> None:
    """Lays a skin's colour where `mask` is, its edges soft, brighter where `lit` is."""
    size = float(max(box[2] - box[0], box[3] - box[1]))
    soft = cv2.GaussianBlur(mask, (0, 0), max(size / 60, 0.5)).astype(np.float32)[..., None] / 255
    tone = _skin(image, rng, box)
    relief = np.asarray(lit, np.float32)[..., None] / 255
    grain = rng.standard_normal(image.shape[:2], dtype=np.float32)[..., None] * 4
    hand = tone * (0.6 + 0.45 * relief) + grain
    image[:] = np.clip(image * (1 - soft) + hand * soft, 0, 255).astype(np.uint8)


def _skin(image: Image, rng: np.random.Generator, box: Box) -> NDArray[np.float32]:
    """The face's own colour half of the time (its middle), else some person's."""
    h, w = image.shape[:2]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    if rng.random() < 0.6 and 2 <= x < w - 2 and 2 <= y < h - 2:
        own = image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].reshape(-1, 3).mean(axis=0)
        return np.asarray(own * rng.uniform(0.8, 1.15), np.float32)
    light = rng.uniform(60, 220)
    return np.array([light * 0.62, light * 0.76, light], np.float32)


def _bar(image: Image, rng: np.random.Generator, box: Box) -> None:
    """A scarf, a cap, a pole: a straight band across the face."""
    x1, y1, x2, y2 = (float(v) for v in box)
    size = max(x2 - x1, y2 - y1)
    centre = np.array([rng.uniform(x1, x2), rng.uniform(y1, y2)])
    angle = rng.normal(0, 0.5) + (np.pi / 2 if rng.random() < 0.3 else 0)
    along = np.array([np.cos(angle), np.sin(angle)]) * size
    ends = [tuple(int(v) for v in np.round(centre + s * along)) for s in (-1, 1)]
    colour = tuple(int(v) for v in rng.integers(0, 256, 3))
    thick = max(round(size * rng.uniform(0.06, 0.3)), 1)
    cv2.line(image, ends[0], ends[1], colour, thick, cv2.LINE_AA)


def _block(image: Image, rng: np.random.Generator, box: Box) -> None:
    height, width = image.shape[:2]
    w, h = (box[2] - box[0]) * rng.uniform(0.15, 0.5), (box[3] - box[1]) * rng.uniform(0.15, 0.45)
    x, y = rng.uniform(box[0], box[2] - w), rng.uniform(box[1], box[3] - h)
    left, right = (int(np.clip(v, 0, width)) for v in (x, x + w))
    top, bottom = (int(np.clip(v, 0, height)) for v in (y, y + h))
    if right <= left or bottom <= top:
        return
    shape = (bottom - top, right - left, 3)
    flat = rng.integers(0, 256, 3)
    image[top:bottom, left:right] = (
        flat if rng.random() < 0.6 else rng.integers(0, 256, shape, dtype=np.uint8)
    )
