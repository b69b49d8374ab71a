"""How well boxes were found: average precision, recall by size, false boxes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.intervals import clopper_pearson
from training.detector.geometry import iou

Floats = NDArray[np.floating]
COCO_IOUS = tuple(np.round(np.arange(0.5, 1.0, 0.05), 2))
SIZES = (0, 24, 40, 64, 96, 144, 208, 10_000)
"""Bounds of the bands of face height for `recall_by_size`, in pixels of the network's input."""


@dataclass(frozen=True, eq=False)
class Looked:
    """One picture: what was found in it and what is there.

    boxes: (n, 4), scores: (n,), best first. truth: (m, 4). unsure: (k, 4): boxes found there are
    neither right nor wrong. scale: input pixels per picture pixel.
    """

    boxes: Floats
    scores: Floats
    truth: Floats
    unsure: Floats
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Matched:
    """All finds of a set of pictures at one IoU.

    scores: (n,) of the finds that count; right: (n,) bool. best: (m,) for each truth the score of
    the find that was given to it, 0 where there is none. heights: (m,) input pixels.
    """

    scores: Floats
    right: NDArray[np.bool_]
    best: Floats
    heights: Floats


def match(pictures: Sequence[Looked], least: float = 0.5) -> Matched:
    """Gives each truth the best-scored find that overlaps it by at least `least`.

    As in PASCAL VOC (Everingham et al. 2010): a find goes to the free truth that it overlaps most;
    a second find of the same truth is wrong. Finds that are given to no truth and lie with half of
    their area on an unsure face do not count.
    """
    scores, right, best, heights = [], [], [], []
    for picture in pictures:
        own = np.zeros(len(picture.truth))
        free = np.ones(len(picture.truth), bool)
        overlap = iou(picture.boxes, picture.truth)
        covered = _covered(picture.boxes, picture.unsure)
        for k in np.argsort(-picture.scores, kind="stable"):
            candidates = np.where(free, overlap[k], -1) if len(free) else np.zeros(0)
            if len(free) and candidates.max() >= least:
                taken = int(candidates.argmax())
                free[taken] = False
                own[taken] = picture.scores[k]
            elif covered[k]:
                continue
            else:
                taken = -1
            scores.append(float(picture.scores[k]))
            right.append(taken >= 0)
        best.append(own)
        heights.append((picture.truth[:, 3] - picture.truth[:, 1]) * picture.scale)
    return Matched(
        np.array(scores),
        np.array(right, bool),
        np.concatenate(best) if best else np.zeros(0),
        np.concatenate(heights) if heights else np.zeros(0),
    )


def _covered(boxes: Floats, unsure: Floats) -> NDArray[np.bool_]:
    if not len(boxes) or not len(unsure):
        return np.zeros(len(boxes), bool)
    low = np.maximum(boxes[:, None, :2], unsure[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], unsure[None, :, 2:])
    inter = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray((inter >= 0.5 * areas[:, None]).any(axis=1))


def average_precision(matched: Matched) -> float:
    """Area under precision over recall, precision made monotone first (VOC 2010); 0..1."""
    if not len(matched.best):
        raise ValueError("there is no face to be found: average precision is not defined")
    if not len(matched.scores):
        return 0.0
    order = np.argsort(-matched.scores, kind="stable")
    hits = np.cumsum(matched.right[order])
    precision = hits / np.arange(1, len(order) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = hits / len(matched.best)
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def average_precisions(pictures: Sequence[Looked]) -> dict[str, float]:
    """`ap50`, and `ap50_95`: the mean over IoU 0.50, 0.55 ... 0.95 (as COCO has it)."""
    each = [average_precision(match(pictures, least)) for least in COCO_IOUS]
    return {"ap50": each[0], "ap50_95": float(np.mean(each))}


@dataclass(frozen=True)
class Rate:
    """`hits` of `trials`, and the exact 95 % interval of the rate; NaN of nothing."""

    hits: int
    trials: int

    @property
    def value(self) -> float:
        return self.hits / self.trials if self.trials else float("nan")

    def plain(self) -> dict[str, object]:
        low, high = clopper_pearson(self.hits, self.trials) if self.trials else (0.0, 1.0)
        rate = self.value if self.trials else None
        return {"rate": rate, "hits": self.hits, "trials": self.trials, "interval": [low, high]}


def recall(matched: Matched, threshold: float) -> Rate:
    """Truths that a find of at least that score was given to."""
    return Rate(int(((matched.best >= threshold) & (matched.best > 0)).sum()), len(matched.best))


def recall_by_size(matched: Matched, threshold: float) -> dict[str, Rate]:
    """Recall of each band of face height, in input pixels, that has faces."""
    found = {}
    for low, high in itertools.pairwise(SIZES):
        band = (matched.heights >= low) & (matched.heights < high)
        if band.any():
            name = f"{low}-{high}" if high < SIZES[-1] else f"{low}-"
            best = matched.best[band]
            found[name] = Rate(int(((best >= threshold) & (best > 0)).sum()), int(band.sum()))
    return found


def false_boxes(matched: Matched, threshold: float) -> int:
    """Finds of at least that score that are no face."""
    return int((~matched.right & (matched.scores >= threshold)).sum())


def threshold_for(scores: Floats, allowed: int) -> float:
    """The least threshold at which at most `allowed` of these false boxes are left.

    Just above the score of the first one too many; a float32, as the device compares.
    """
    ordered = np.sort(np.asarray(scores, np.float32))[::-1]
    if len(ordered) <= allowed:
        return float(np.finfo(np.float32).tiny)
    return float(np.nextafter(ordered[allowed], np.float32(2)))
