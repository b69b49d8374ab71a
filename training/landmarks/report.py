"""The whole evaluation as plain data, and as lines to read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from training.landmarks import metrics
from training.landmarks.data.face import Face
from training.landmarks.layouts import Layout
from training.landmarks.locate import Found
from training.landmarks.loss import FAILURE
from training.pose.rotation import angle_between

Pair = tuple[Face, Found | None]
CONFIDENT = 0.5
"""Confidence from which on a fit is said to be good, in the report."""


def report(faces: Sequence[Face], found: Sequence[Found | None], layout: Layout) -> dict[str, Any]:
    """All figures that faces and network allow; a share comes with its exact 95 % interval."""
    pairs = list(zip(faces, found, strict=True))
    out: dict[str, Any] = {
        "faces": len(pairs),
        "found": metrics.rate(sum(g is not None for _, g in pairs), len(pairs)),
    }
    for truth, name in ((True, "points"), (False, "points_of_networks")):
        part = [(f, g) for f, g in pairs if f.points is not None and f.truth == truth]
        said = [g for _, g in part if g is not None]
        if part and (not said or said[0].points is not None):
            out[name] = _points(part, layout)
    if any(g is not None and g.confidence is not None for g in found):
        out["confidence"] = _confidence(pairs, layout)
    poses = [(f, g) for f, g in pairs if g is not None and _has_pose(f, g)]
    if poses:
        out["pose"] = _pose(poses)
    ages = [(f, g) for f, g in pairs if g is not None and math.isfinite(f.age)]
    if ages and ages[0][1].age is not None:
        out["age"] = _age(ages)
    genders = [(f, g) for f, g in pairs if g is not None and f.gender >= 0]
    if genders and genders[0][1].gender is not None:
        out["gender"] = _gender(genders)
    return out


def _has_pose(face: Face, said: Found) -> bool:
    return said.pose is not None and bool(np.isfinite(face.pose).all())


def _error(pair: Pair, layout: Layout) -> float:
    face, said = pair
    if said is None or said.points is None or face.points is None:
        return math.inf
    return metrics.nme(said.points, face.points, layout)


def _points(pairs: Sequence[Pair], layout: Layout) -> dict[str, Any]:
    def figures(part: Sequence[Pair]) -> dict[str, Any]:
        errors = np.array([_error(p, layout) for p in part])
        finite = errors[np.isfinite(errors)]
        return {
            "count": len(part),
            "missing": int(len(errors) - len(finite)),
            "nme": float(finite.mean()) if len(finite) else None,
            "nme_median": float(np.median(finite)) if len(finite) else None,
            "failures": metrics.rate(int((errors > FAILURE).sum()), len(errors)),
            "auc": metrics.auc(errors),
        }

    out = figures(pairs)
    first = [
        metrics.nme(g.first, f.points, layout)
        for f, g in pairs
        if g is not None and g.first is not None and f.points is not None
    ]
    if first:
        out["nme_first_pass"] = float(np.mean(first))
    out["by_yaw"] = {
        name: figures(part)
        for name, part in _bands(pairs, lambda f: abs(float(f.pose[0])), metrics.YAW_BANDS)
    }
    out["by_occlusion"] = {
        str(known): figures(part)
        for known in (False, True)
        if (part := [p for p in pairs if p[0].occluded is known])
    }
    return out


def _bands(
    pairs: Sequence[Pair],
    value: Callable[[Face], float],
    bands: Sequence[tuple[int, int]],
) -> Iterator[tuple[str, list[Pair]]]:
    """Those bands that somebody is in; NaN is in none."""
    for low, high in bands:
        part = [p for p in pairs if low <= value(p[0]) < high]
        if part:
            yield f"{low}-{high}", part


def _confidence(pairs: Sequence[Pair], layout: Layout) -> dict[str, Any]:
    """How well confidence tells fits that failed from those that did not."""
    known = [
        (float(g.confidence), _error((f, g), layout) > FAILURE)
        for f, g in pairs
        if g is not None and g.confidence is not None and f.points is not None and f.truth
    ]
    scores = np.array([score for score, _ in known])
    failed = np.array([bad for _, bad in known], bool)
    out: dict[str, Any] = {"count": len(known)}
    if known:
        value = metrics.auroc(scores, ~failed)
        sure = scores >= CONFIDENT
        out |= {
            "auroc": None if math.isnan(value) else value,
            "threshold": CONFIDENT,
            "failures_above": metrics.rate(int(failed[sure].sum()), int(sure.sum())),
            "failures_below": metrics.rate(int(failed[~sure].sum()), int((~sure).sum())),
        }
    return out


def _pose(pairs: Sequence[tuple[Face, Found]]) -> dict[str, Any]:
    errors = metrics.pose_errors([f for f, _ in pairs], [g for _, g in pairs])
    said = np.array([g.pose for _, g in pairs], np.float64)
    wanted = np.array([f.pose for f, _ in pairs], np.float64)
    apart = angle_between(said, wanted)
    yaw, pitch, roll = (float(v) for v in errors.mean(axis=0))
    return {
        "count": len(pairs),
        "mae": float(errors.mean()),
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "geodesic": float(apart.mean()),
        "by_yaw": {
            name: float(errors[[i for i, f in enumerate(wanted) if low <= abs(f[0]) < high]].mean())
            for low, high in metrics.YAW_BANDS
            if (name := f"{low}-{high}") and any(low <= abs(f[0]) < high for f in wanted)
        },
    }


def _age(pairs: Sequence[tuple[Face, Found]]) -> dict[str, Any]:
    def figures(part: Sequence[Any]) -> dict[str, Any]:
        off = np.array([float(g.age) - f.age for f, g in part])
        spread = float(np.abs(off).std(ddof=1)) if len(off) > 1 else math.nan
        error = float(np.abs(off).mean())
        half = 1.96 * spread / math.sqrt(len(off))
        interval = None if math.isnan(half) else [error - half, error + half]
        return {
            "count": len(off), "mae": error, "interval": interval, "bias": float(off.mean()),
        }  # fmt: skip

    groups = sorted({f.group for f, _ in pairs if f.group})
    return {
        **figures(pairs),
        "by_age": {n: figures(p) for n, p in _bands(pairs, lambda f: f.age, metrics.AGE_BANDS)},
        "by_group": {g: figures([p for p in pairs if p[0].group == g]) for g in groups},
    }


def _gender(pairs: Sequence[tuple[Face, Found]]) -> dict[str, Any]:
    def figures(part: Sequence[Any]) -> dict[str, Any]:
        right = sum(int(np.argmax(g.gender)) == f.gender for f, g in part)
        return metrics.rate(right, len(part))

    groups = sorted({f.group for f, _ in pairs if f.group})
    return {
        **figures(pairs),
        "by_age": {n: figures(p) for n, p in _bands(pairs, lambda f: f.age, metrics.AGE_BANDS)},
        "by_group": {g: figures([p for p in pairs if p[0].group == g]) for g in groups},
        "by_gender": {
            name: figures([p for p in pairs if p[0].gender == i])
            for i, name in enumerate(("male", "female"))
        },
    }


def lines(figures: dict[str, Any], title: str = "") -> list[str]:
    """The report's main figures, a line each."""
    out = [f"{title}: {figures['faces']} faces, found {_share(figures['found'])}"]
    for name in ("points", "points_of_networks"):
        if name in figures:
            p = figures[name]
            nme = "-" if p["nme"] is None else f"{p['nme']:.4f}"
            out.append(
                f"  {name}: NME {nme}, failures {_share(p['failures'])}, AUC {p['auc']:.3f}, "
                f"{p['count']} faces"
            )
            for band, part in p["by_yaw"].items():
                nme = "-" if part["nme"] is None else f"{part['nme']:.4f}"
                out.append(f"    |yaw| {band}: NME {nme}, failures {_share(part['failures'])}")
    if figures.get("confidence", {}).get("count"):
        c = figures["confidence"]
        auroc = "-" if c["auroc"] is None else f"{c['auroc']:.3f}"
        out.append(
            f"  confidence: AUROC {auroc}; failures above {c['threshold']:g} "
            f"{_share(c['failures_above'])}, below {_share(c['failures_below'])}"
        )
    if "pose" in figures:
        p = figures["pose"]
        out.append(
            f"  pose: mean absolute error {p['mae']:.2f}° (yaw {p['yaw']:.2f}, pitch "
            f"{p['pitch']:.2f}, roll {p['roll']:.2f}), geodesic {p['geodesic']:.2f}°"
        )
    if "age" in figures:
        a = figures["age"]
        out.append(f"  age: MAE {a['mae']:.2f} years, bias {a['bias']:+.2f}, {a['count']} faces")
        out += [f"    {b}: MAE {v['mae']:.2f} of {v['count']}" for b, v in a["by_age"].items()]
        out += [f"    {b}: MAE {v['mae']:.2f} of {v['count']}" for b, v in a["by_group"].items()]
    if "gender" in figures:
        g = figures["gender"]
        out.append(f"  gender: {_share(g)} right of {g['count']}")
        for part in ("by_age", "by_group", "by_gender"):
            out += [f"    {b}: {_share(v)} of {v['count']}" for b, v in g[part].items()]
    return out


def _share(value: dict[str, Any]) -> str:
    if value["rate"] is None:
        return "- (nobody)"
    low, high = value["interval"]
    return f"{value['rate']:.3f} [{low:.3f}, {high:.3f}]"
