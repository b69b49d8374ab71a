"""The drawings of an evaluation, as PNG bytes by file name."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge.all_pairs import Comparisons
from edge.pair_bootstrap import Replicates
from edge.score_histogram import BINS, Histogram, det, edge_of
from training.plots import DPI, GREY, HIGH, INK, WIDE, dress, panel, png
from training.recognition.text import power

GENUINE, IMPOSTOR, THIRD = "#1b7f5c", "#c2410c", "#2563a8"
SHADES = ("#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b")
POINTS = 1500
DRAWN_FARS = 60
SCORE_BINS = 400


def draw(result: dict[str, Any], pairs: Comparisons, draws: Replicates) -> dict[str, bytes]:
    """scores.png; roc.png and det.png of genuine pairs; galleries.png and slices.png if any."""
    images = {"scores.png": score_densities(result, pairs)}
    if pairs.genuine.total:
        bands = _bands(pairs.impostor, draws)
        images["roc.png"] = roc(result, pairs, bands)
        images["det.png"] = det_curve(result, pairs, bands)
    if result["open_set"]:
        images["galleries.png"] = galleries(result)
    if any(s["fnmr"] or s["fmr"] for s in result["slices"]):
        images["slices.png"] = by_slice(result)
    return images


def _bands(impostor: Histogram, draws: Replicates) -> NDArray[np.float64]:
    """(n, 3): FAR, lower and upper TAR over identities, where draws reach."""
    rows = []
    for far in np.geomspace(max(3 / impostor.total, 1e-7), 0.5, DRAWN_FARS):
        both = draws.tar_at_far(float(far))
        if both is not None:
            rows.append((float(far), both[0].low, both[0].high))
    return np.array(rows, np.float64).reshape(-1, 3)


def _curve(pairs: Comparisons) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """FMR and FNMR where there is a false match, thinned to equal steps of the FMR's logarithm."""
    curve = det(pairs.genuine, pairs.impostor)
    fmr, fnmr = curve.fmr[curve.fmr > 0], curve.fnmr[curve.fmr > 0]
    steps = np.round(np.log(fmr) * POINTS / np.log(pairs.impostor.total)).astype(np.int64)
    _, kept = np.unique(steps, return_index=True)
    return fmr[kept], fnmr[kept]


def roc(result: dict[str, Any], pairs: Comparisons, bands: NDArray[np.float64]) -> bytes:
    """TAR over FAR, the FAR on a logarithmic scale."""
    figure, axes = panel("ROC", "false accept rate (FMR)", "true accept rate (1 − FNMR)")
    fmr, fnmr = _curve(pairs)
    axes.fill_between(
        bands[:, 0], bands[:, 1], bands[:, 2], color=THIRD, alpha=0.18, lw=0, label="95 %, people"
    )
    axes.plot(fmr, 1 - fnmr, color=THIRD, lw=1.8)
    for point in result["points"]:
        at = (point["far"], point["tar"]["value"])
        axes.plot(*at, "o", color=INK, ms=4)
        axes.annotate(
            f"{100 * at[1]:.1f} %",
            at,
            xytext=(7, -11),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
    axes.set_xscale("log")
    axes.set_ylim(min(0.9, float((1 - fnmr).min()) - 0.02), 1.005)
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    return png(figure)


def det_curve(result: dict[str, Any], pairs: Comparisons, bands: NDArray[np.float64]) -> bytes:
    """FNMR over FMR, both logarithmic."""
    figure, axes = panel("DET", "false match rate", "false non-match rate")
    fmr, fnmr = _curve(pairs)
    seen = fnmr > 0
    floor = 0.5 / pairs.genuine.total
    axes.fill_between(
        bands[:, 0],
        np.maximum(1 - bands[:, 2], floor),
        np.maximum(1 - bands[:, 1], floor),
        color=THIRD,
        alpha=0.18,
        lw=0,
        label="95 %, people",
    )
    axes.plot(fmr[seen], fnmr[seen], color=THIRD, lw=1.8)
    rate = result["eer"]["value"]
    if rate > 0:
        axes.plot(rate, rate, "o", color=INK, ms=4)
        axes.annotate(
            f"EER {100 * rate:.2f} %",
            (rate, rate),
            xytext=(8, 4),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend(loc="lower left", frameon=False, fontsize=8)
    return png(figure)


def score_densities(result: dict[str, Any], pairs: Comparisons) -> bytes:
    """How genuine and impostor scores lie, with the thresholds of the operating points."""
    figure, axes = panel("Scores", "cosine", "share of the pairs in a step")
    used = np.nonzero(pairs.genuine.counts + pairs.impostor.counts)[0]
    width = max(BINS // SCORE_BINS // 10, (int(used[-1]) - int(used[0])) // SCORE_BINS + 1)
    starts = np.arange(int(used[0]), int(used[-1]) + 1, width)
    for histogram, name, colour in (
        (pairs.impostor, "impostor", IMPOSTOR),
        (pairs.genuine, "genuine", GENUINE),
    ):
        if not histogram.total:
            continue
        parts = np.add.reduceat(histogram.counts[: starts[-1] + width], starts)
        parts = parts / histogram.total
        axes.fill_between(edge_of(starts), parts, step="post", color=colour, alpha=0.3, lw=0)
        axes.step(edge_of(starts), parts, where="post", color=colour, lw=1.2, label=name)
    top = axes.get_ylim()[1]
    for point in result["points"]:
        axes.axvline(point["threshold"], color=GREY, lw=0.8, ls="--")
        axes.annotate(
            power(point["far"]),
            (point["threshold"], 1.11 * top),
            xytext=(2, -4),
            textcoords="offset points",
            fontsize=7,
            color=GREY,
            rotation=90,
            va="top",
        )
    axes.set_ylim(0, 1.12 * top)
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    return png(figure)


def galleries(result: dict[str, Any]) -> bytes:
    """FPIR over the threshold, and FNIR over FPIR, by gallery size."""
    figure = Figure(figsize=(2 * WIDE, HIGH), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    dress(left, "Strangers let through", "threshold (cosine)", "FPIR")
    dress(right, "People turned away", "FPIR", "FNIR")
    for size, colour in zip(result["open_set"], SHADES, strict=False):
        threshold, fpir, fnir = (np.array(size["curve"][k]) for k in ("threshold", "fpir", "fnir"))
        name = f"{size['size']:,} enrolled"
        left.plot(threshold[fpir > 0], fpir[fpir > 0], color=colour, lw=1.6, label=name)
        right.plot(fpir[fpir > 0], fnir[fpir > 0], color=colour, lw=1.6, label=name)
    left.axvline(result["chosen"]["threshold"], color=GREY, lw=0.8, ls="--")
    left.set_yscale("log")
    right.set_xscale("log")
    right.set_ylim(bottom=0)
    right.legend(loc="upper right", frameon=False, fontsize=8)
    return png(figure)


def by_slice(result: dict[str, Any]) -> bytes:
    """Both rates of every slice with their intervals over people, and the whole as a line."""
    parts = [s for s in result["slices"] if s["fnmr"] or s["fmr"]]
    names = [f"{s['kind']}: {s['slice']}" for s in parts]
    figure = Figure(figsize=(2 * WIDE, 1.2 + 0.27 * len(parts)), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    dress(left, "False match rate", "FMR", "")
    dress(right, "False non-match rate", "FNMR", "")
    floor = max(result["chosen"]["fmr"]["value"], 1e-7) / 100
    for axes, key, colour, least in ((left, "fmr", IMPOSTOR, floor), (right, "fnmr", GENUINE, 0.0)):
        for row, entry in enumerate(parts):
            told = entry[key]
            if told is None:
                continue
            low, high = told["people"] or told["exact"]
            axes.plot([max(low, least), high], [row, row], color=colour, lw=1.6, alpha=0.55)
            axes.plot(max(told["value"], least), row, "o", color=colour, ms=4)
        if result["chosen"][key] is not None:
            axes.axvline(result["chosen"][key]["value"], color=GREY, lw=0.8, ls="--")
    left.set_xscale("log")  # a rate of 0 lies on the left edge
    left.set_xlim(left=floor)
    right.set_xlim(0, min(1.0, right.get_xlim()[1]))
    left.set_yticks(range(len(names)), names, fontsize=8)
    left.invert_yaxis()
    return png(figure)
