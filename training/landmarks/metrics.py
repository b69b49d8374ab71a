"""How well faces are read: points, confidence, pose, age and gender, with exact intervals.

NME: mean distance of the points over the distance of the outer eye corners (of the truth). Failure
rate: share of faces with an NME above 8 %. AUC: area below the cumulative distribution of NME up to
8 %, over 8 % (1 is perfect). A face that was not found is a failure with an infinite NME.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.intervals import clopper_pearson
from training.landmarks.data.face import Face
from training.landmarks.layouts import Layout
from training.landmarks.locate import Found
from training.landmarks.loss import FAILURE

Floats = NDArray[np.float64]
YAW_BANDS = ((0, 15), (15, 30), (30, 60), (60, 91))
AGE_BANDS = ((0, 13), (13, 20), (20, 30), (30, 40), (40, 50), (50, 60), (60, 117))


def nme(said: NDArray[np.floating], truth: NDArray[np.floating], layout: Layout) -> float:
    """Of one face, points (N, 2)."""
    left, right = layout.corners
    between = max(float(np.linalg.norm(truth[left] - truth[right])), 1e-6)
    return float(np.linalg.norm(said - truth, axis=1).mean()) / between


def auc(errors: Floats, limit: float = FAILURE) -> float:
    """Area under the cumulative distribution of errors (n,) from 0 to `limit`, over `limit`."""
    return float(np.maximum(1 - errors / limit, 0).mean())


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative, ties half; NaN when one kind is missing."""
    a, b = scores[positive], scores[~positive]
    if not len(a) or not len(b):
        return math.nan
    order = np.sort(b)
    below = np.searchsorted(order, a, "left") + np.searchsorted(order, a, "right")
    return float(below.mean() / (2 * len(b)))


def rate(hits: int, of: int) -> dict[str, Any]:
    """A share with its exact 95 % interval; None where nobody was counted."""
    if of == 0:
        return {"count": 0, "rate": None, "interval": None}
    return {"count": of, "rate": hits / of, "interval": list(clopper_pearson(hits, of))}


def short(faces: Sequence[Face], found: Sequence[Found | None], layout: Layout) -> dict[str, float]:
    """The figures that a training is judged by; only those that faces and network allow."""
    out: dict[str, float] = {}
    errors = point_errors(faces, found, layout, truth=True)
    if not len(errors):
        errors = point_errors(faces, found, layout, truth=False)
    if len(errors):
        finite = errors[np.isfinite(errors)]
        out["nme"] = float(finite.mean()) if len(finite) else math.inf
        out["failures"] = float((errors > FAILURE).mean())
    poses = pose_errors(faces, found)
    if len(poses):
        out["pose_mae"] = float(poses.mean())
    ages = [
        abs(g.age - f.age)
        for f, g in _both(faces, found)
        if g.age is not None and math.isfinite(f.age)
    ]
    if ages:
        out["age_mae"] = float(np.mean(ages))
    wrong = [
        int(np.argmax(g.gender)) != f.gender
        for f, g in _both(faces, found)
        if g.gender is not None and f.gender >= 0
    ]
    if wrong:
        out["gender_error"] = float(np.mean(wrong))
    return out


def _both(faces: Sequence[Face], found: Sequence[Found | None]) -> list[tuple[Face, Found]]:
    return [(f, g) for f, g in zip(faces, found, strict=True) if g is not None]


def point_errors(
    faces: Sequence[Face],
    found: Sequence[Found | None],
    layout: Layout,
    *,
    truth: bool,
    where: Callable[[Face], bool] = lambda face: True,
) -> Floats:
    """NME (n,) of the faces that have points (true ones, or networks'); infinite if not found."""
    if all(g is not None and g.points is None for g in found):
        return np.empty(0)
    return np.array(
        [
            math.inf if g is None or g.points is None else nme(g.points, f.points, layout)
            for f, g in zip(faces, found, strict=True)
            if f.points is not None and f.truth == truth and where(f)
        ]
    )


def pose_errors(faces: Sequence[Face], found: Sequence[Found | None]) -> Floats:
    """|error| (n, 3) of yaw, pitch, roll in degrees, where both are known."""
    rows = [
        np.abs((np.asarray(g.pose, np.float64) - f.pose + 180) % 360 - 180)
        for f, g in _both(faces, found)
        if g.pose is not None and np.isfinite(f.pose).all()
    ]
    return np.array(rows).reshape(-1, 3)
