"""What a canvas shows where there is no face.

Face-free parts of the labelled pictures, photographs of scikit-image, and made-up things that
detectors like to take for faces: shuffled parts of faces, skin-coloured shapes, text, stripes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

from training.detector.sources import Entry, FaceSet
from training.errors import DataError

Image = NDArray[np.uint8]
TRAINING_PHOTOGRAPHS = (
    "brick.png", "cell.png", "chessboard_RGB.png", "clock_motion.png", "coffee.png",
    "grass.png", "horse.png", "hubble_deep_field.jpg", "ihc.png", "microaneurysms.png",
    "motorcycle_left.png", "page.png", "retina.jpg",
)  # fmt: skip
HARD_SHARE = 0.2
"""Of the backgrounds, crops that a network took for faces, where there are such."""
VALIDATION_PHOTOGRAPHS = ("chelsea.png", "gravel.png", "moon.png", "rocket.jpg", "text.png")
"""Held back from training. None of either list shows a person's face."""


def photographs(names: tuple[str, ...]) -> list[Image]:
    """Pictures that scikit-image ships, BGR. Raises DataError when one is not there."""
    folder = Path(skimage.__file__).parent / "data"
    found = []
    for name in names:
        image = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
        if image is None:
            raise DataError(f"{folder / name}: scikit-image ships no such picture")
        found.append(np.asarray(image, np.uint8))
    return found


def free_rectangles(
    boxes: NDArray[np.floating], width: int, height: int, least: int = 20
) -> NDArray[np.int64]:
    """The rectangles beside, above and below all faces of a picture: (n, 4) x1, y1, x2, y2."""
    x1, y1 = (int(np.floor(v)) for v in boxes[:, :2].min(axis=0))
    x2, y2 = (int(np.ceil(v)) + 1 for v in boxes[:, 2:].max(axis=0))
    around = [
        (0, 0, x1, height), (x2, 0, width, height), (0, 0, width, y1), (0, y2, width, height),
    ]  # fmt: skip
    kept = [r for r in around if r[2] - r[0] >= least and r[3] - r[1] >= least]
    return np.array(kept, np.int64).reshape(-1, 4)


def part_of(
    image: Image, rng: np.random.Generator, width: int, height: int, region: NDArray[np.int64]
) -> Image:
    """A random part of `region` of a picture, stretched to width x height."""
    x1, y1, x2, y2 = (int(v) for v in region)
    # The shape of the wanted part, give or take, at any size that fits.
    aspect = width / height * np.exp(rng.normal(0, 0.25))
    tall = min(y2 - y1, (x2 - x1) / aspect) * np.sqrt(rng.uniform(0.08, 1))
    h, w = max(round(tall), 4), max(round(tall * aspect), 4)
    h, w = min(h, y2 - y1), min(w, x2 - x1)
    x, y = int(rng.integers(x1, x2 - w + 1)), int(rng.integers(y1, y2 - h + 1))
    how = cv2.INTER_AREA if w > width else cv2.INTER_LINEAR
    out = cv2.resize(image[y : y + h, x : x + w], (width, height), interpolation=how)
    return _varied(np.asarray(out, np.uint8), rng)


def _varied(image: Image, rng: np.random.Generator) -> Image:
    """Mirrored, upside down, in other colours: what is no face stays none."""
    if rng.random() < 0.5:
        image = image[:, ::-1]
    if rng.random() < 0.15:
        image = image[::-1]
    colours = rng.random()
    if colours < 0.08:
        image = image[:, :, rng.permutation(3)]
    elif colours < 0.12:
        image = 255 - image
    return image


def scrambled(image: Image, rng: np.random.Generator) -> Image:
    """The picture cut in 4 to 6 rows and columns whose parts are shuffled."""
    n = int(rng.integers(4, 7))
    h, w = image.shape[0] // n, image.shape[1] // n
    if min(h, w) < 2:
        return image.copy()
    parts = [image[i * h : (i + 1) * h, j * w : (j + 1) * w] for i in range(n) for j in range(n)]
    order = rng.permutation(n * n)
    rows = [np.hstack([parts[k] for k in order[i * n : (i + 1) * n]]) for i in range(n)]
    return np.asarray(cv2.resize(np.vstack(rows), image.shape[1::-1]), np.uint8)


def pattern(rng: np.random.Generator, width: int, height: int) -> Image:
    """Something made up: clouds, text, stripes, shapes in skin's and other colours."""
    out = _clouds(rng, width, height)
    kind = rng.random()
    if kind < 0.25:
        _write(out, rng)
    elif kind < 0.4:
        _stripe(out, rng)
    elif kind < 0.85:
        _shapes(out, rng, skin=kind < 0.65)
    return out


def _clouds(rng: np.random.Generator, width: int, height: int) -> Image:
    grid = int(rng.choice([1, 2, 3, 6, 12]))
    coarse = rng.integers(0, 256, (grid + 1, grid + 1, 3), dtype=np.uint8)
    if rng.random() < 0.5:
        grey = coarse[..., :1].astype(np.float32)
        coarse = np.clip(grey + rng.normal(0, 15, 3), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _colour(rng: np.random.Generator, skin: bool = False) -> tuple[int, int, int]:
    if skin:
        light = rng.uniform(50, 235)
        blue, green = rng.uniform(0.5, 0.8), rng.uniform(0.65, 0.85)
        return int(light * blue), int(light * green), int(light)
    b, g, r = (int(v) for v in rng.integers(0, 256, 3))
    return b, g, r


def _write(image: Image, rng: np.random.Generator) -> None:
    height = image.shape[0]
    size, colour = rng.uniform(0.3, 2.0), _colour(rng)
    for y in range(int(12 * size), height, int(rng.uniform(18, 32) * size) + 1):
        text = "".join(chr(c) for c in rng.integers(33, 127, 40))
        where = (int(rng.integers(-40, 10)), y)
        thick = int(rng.integers(1, 4))
        cv2.putText(image, text, where, int(rng.integers(0, 6)), size, colour, thick, cv2.LINE_AA)


def _stripe(image: Image, rng: np.random.Generator) -> None:
    step, colour = int(rng.integers(4, 40)), _colour(rng)
    height, width = image.shape[:2]
    slope = int(rng.integers(-height, height))
    for x in range(-abs(slope), width + abs(slope), step):
        cv2.line(image, (x, 0), (x + slope, height), colour, max(step // 3, 1), cv2.LINE_AA)


def _shapes(image: Image, rng: np.random.Generator, *, skin: bool) -> None:
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(2, 12))):
        colour = _colour(rng, skin and rng.random() < 0.7)
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        a, b = (int(v) for v in rng.uniform(3, 0.35 * height + 4, 2))
        if rng.random() < 0.6:
            cv2.ellipse(image, (x, y), (a, b), rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            corners = rng.integers(-max(a, b), max(a, b) + 1, (int(rng.integers(3, 6)), 2)) + (x, y)
            cv2.fillPoly(image, [corners.astype(np.int32)], colour, cv2.LINE_AA)


class Backgrounds:
    """Draws face-free pictures of any size.

    scenes: sets whose every face is labelled; what lies beside the faces is background. hard: crops
    of any size that a network took for faces; it sees them again as it saw them then, letterboxed.
    """

    def __init__(
        self, scenes: list[FaceSet], photos: list[Image], hard: Sequence[Image] = ()
    ) -> None:
        self.hard = list(hard)
        if not scenes:
            raise DataError("backgrounds need at least one set of whole pictures (--scenes)")
        self._scenes = scenes
        self._shares = np.array([s.weight for s in scenes]) / sum(s.weight for s in scenes)
        self._photos = photos

    def fill(self, rng: np.random.Generator, width: int, height: int) -> Image:
        """A picture of that size: whole, or of two to four parts side by side."""
        if width >= 64 and height >= 48 and rng.random() < 0.3:
            cut = round(width * rng.uniform(0.3, 0.7))
            sides = [self._one(rng, w, height) for w in (cut, width - cut)]
            return np.hstack(sides)
        return np.array(self._one(rng, width, height))

    def _one(self, rng: np.random.Generator, width: int, height: int) -> Image:
        if self.hard and rng.random() < HARD_SHARE:
            return self._letterboxed(rng, width, height)
        kind = rng.random()
        if kind < 0.6:
            return self._beside(rng, width, height)
        if kind < 0.75 and self._photos:
            photo = self._photos[int(rng.integers(len(self._photos)))]
            whole = np.array([0, 0, photo.shape[1], photo.shape[0]])
            return part_of(photo, rng, width, height, whole)
        if kind < 0.85:
            return self._shuffled(rng, width, height)
        return pattern(rng, width, height)

    def _letterboxed(self, rng: np.random.Generator, width: int, height: int) -> Image:
        crop = self.hard[int(rng.integers(len(self.hard)))]
        scale = min(width / crop.shape[1], height / crop.shape[0]) * rng.uniform(0.85, 1)
        w, h = max(int(crop.shape[1] * scale), 1), max(int(crop.shape[0] * scale), 1)
        out = np.full((height, width, 3), 127, np.uint8)
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        out[y : y + h, x : x + w] = cv2.resize(crop, (w, h), interpolation=cv2.INTER_LINEAR)
        return out[:, ::-1] if rng.random() < 0.5 else out

    def _scene(self, rng: np.random.Generator) -> tuple[Entry, Image]:
        chosen = self._scenes[int(rng.choice(len(self._scenes), p=self._shares))]
        entry = chosen.entries[int(rng.integers(len(chosen.entries)))]
        return entry, chosen.read(entry.name)

    def _beside(self, rng: np.random.Generator, width: int, height: int) -> Image:
        entry, image = self._scene(rng)
        free = free_rectangles(entry.boxes, image.shape[1], image.shape[0])
        if not len(free):
            return pattern(rng, width, height)
        return part_of(image, rng, width, height, free[int(rng.integers(len(free)))])

    def _shuffled(self, rng: np.random.Generator, width: int, height: int) -> Image:
        """A scene whose faces are shuffled: shoulders and hair stay, the face is gone."""
        entry, image = self._scene(rng)
        image = image.copy()
        high, wide = image.shape[:2]
        for box in entry.boxes:
            grow = 0.08 * (box[2:] - box[:2])
            low = np.clip(np.floor(box[:2] - grow), 0, (wide, high)).astype(int)
            top = np.clip(np.ceil(box[2:] + grow), 0, (wide, high)).astype(int)
            if (top - low).min() >= 2:
                face = image[low[1] : top[1], low[0] : top[0]]
                image[low[1] : top[1], low[0] : top[0]] = scrambled(face, rng)
        return part_of(image, rng, width, height, np.array([0, 0, wide, high]))

    def patch(self, rng: np.random.Generator, width: int, height: int) -> Image:
        """Something small to lay on a canvas that is no face."""
        return self._one(rng, width, height)
