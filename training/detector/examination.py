"""What a detector is examined on: held-back people's pictures, and pictures without a face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.detector import geometry
from training.detector.backgrounds import free_rectangles
from training.detector.finder import Eye, Found
from training.detector.metrics import Looked
from training.detector.sources import Entry, FaceSet

Image = NDArray[np.uint8]
Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Shows how far an iteration is: (what, its name, its length) to the same items."""
CERTAIN = 0.8
"""Faces that a labeller is that sure of are the truth that recall is measured on."""
LEAST_CROP = 24


def central(entry: Entry, width: int, height: int) -> int | None:
    """Which face of a portrait is its subject: the certain one nearest to the middle."""
    certain = np.flatnonzero(entry.scores >= CERTAIN)
    if not len(certain):
        return None
    boxes = entry.boxes[certain]
    apart = (boxes[:, :2] + boxes[:, 2:]) / 2 - (np.array([width, height]) - 1) / 2
    return int(certain[np.square(apart).sum(axis=1).argmin()])


def silent(items: Iterable[Any], name: str, length: int) -> Iterable[Any]:
    """A `Watch` that shows nothing."""
    return items


def spread(entries: Sequence[Entry], most: int | None) -> list[Entry]:
    """At most that many, evenly spread over the list."""
    if most is None or len(entries) <= most:
        return list(entries)
    return [entries[i] for i in np.linspace(0, len(entries) - 1, most).astype(int)]


def look(
    finder: Eye, source: FaceSet, *, subject: bool, most: int | None = None, watch: Watch = silent
) -> list[Looked]:
    """Runs a detector over whole pictures.

    subject: only the central face is the truth (LFW's portraits), the others are unsure. Otherwise
    every certain face is. Pictures without a certain face are left out.
    """
    looked: list[Looked] = []
    truths: list[tuple[NDArray[np.bool_], Entry, float]] = []

    def pictures() -> Iterator[Image]:
        entries = spread(source.entries, most)
        for entry in watch(entries, source.name, len(entries)):
            image = source.read(entry.name)
            high, wide = image.shape[:2]
            truth = entry.scores >= CERTAIN
            if subject and truth.any():
                chosen = central(entry, wide, high)
                truth = np.arange(len(truth)) == chosen
            if truth.any():
                scale = min(finder.width / wide, finder.height / high)
                truths.append((truth, entry, scale))
                yield image

    for i, found in enumerate(finder.find(pictures())):
        truth, entry, scale = truths[i]
        looked.append(
            Looked(found.boxes, found.scores, entry.boxes[truth], entry.boxes[~truth], scale)
        )
    return looked


@dataclass(frozen=True, eq=False)
class Empty:
    """A crop without a face, and where it comes from: a set's name and the picture's."""

    image: Image
    source: str
    name: str


def empty_crops(
    scenes: Sequence[FaceSet], photos: Sequence[Image], count: int, seed: int = 0
) -> Iterator[Empty]:
    """`count` crops of many sizes, half beside the faces of each set's pictures in turn, the others
    of photographs without people; always the same ones.

    A crop of a scene does not touch the box of any face, faint ones included.
    """
    rng = np.random.default_rng(seed)
    for i in range(count):
        place = i % (2 * len(scenes) + 1)
        if place < 2 * len(scenes) or not photos:
            source = scenes[place % len(scenes)]
            entry = source.entries[int(rng.integers(len(source.entries)))]
            image = source.read(entry.name)
            free = free_rectangles(entry.boxes, image.shape[1], image.shape[0], LEAST_CROP)
            if not len(free):
                continue
            x1, y1, x2, y2 = free[int(rng.integers(len(free)))]
            yield Empty(_crop(image[y1:y2, x1:x2], rng), source.name, entry.name)
        else:
            k = int(rng.integers(len(photos)))
            yield Empty(_crop(photos[k], rng), "photographs", str(k))


def _crop(image: Image, rng: np.random.Generator) -> Image:
    high, wide = image.shape[:2]
    most = min(high, wide)
    side = np.exp(rng.uniform(np.log(LEAST_CROP), np.log(max(most, LEAST_CROP + 1))))
    aspect = np.exp(rng.normal(0, 0.3))
    h = int(np.clip(side / aspect, LEAST_CROP, high))
    w = int(np.clip(side * aspect, LEAST_CROP, wide))
    x, y = int(rng.integers(0, wide - w + 1)), int(rng.integers(0, high - h + 1))
    return np.ascontiguousarray(image[y : y + h, x : x + w])


def look_at_empty(
    finder: Eye, crops: Iterator[Empty], judge: Callable[[Image], bool] | None = None
) -> list[tuple[Empty, Found]]:
    """What is found where nothing is. judge: true for a crop that shows a face after all, which
    is then left out."""
    kept: list[Empty] = []

    def pictures() -> Iterator[Image]:
        for crop in crops:
            if judge is None or not judge(crop.image):
                kept.append(crop)
                yield crop.image

    return [(kept[i], found) for i, found in enumerate(finder.find(pictures()))]


def look_at_canvases(finder: Eye, canvases: Sequence[tuple]) -> list[Looked]:
    """Composed canvases (image, boxes, sure), at sizes that no data set has."""
    out = []
    found = finder.find(image for image, _, _ in canvases)
    for (_, boxes, sure), one in zip(canvases, found, strict=True):
        out.append(Looked(one.boxes, one.scores, boxes[sure], boxes[~sure]))
    return out


def overlaps(found: Found, box: NDArray[np.floating]) -> bool:
    """Whether one of the boxes is that face, at IoU 0.5."""
    return bool(len(found.boxes) and geometry.iou(found.boxes, box[None]).max() >= 0.5)
