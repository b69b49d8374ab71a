"""The drawings of a report, as PNG bytes by file name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.liveness.reports.scored import Scored
from training.liveness.samples import LIVE
from training.plots import DPI, GREY, HIGH, INK, WIDE, dress, panel, png

BINS = 40
GREEN = "#1b7f5c"
COLOURS = colormaps["tab10"]


def slug(name: str) -> str:
    """A network's name as part of a file's."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)


def draw(
    scored: Scored, networks: Sequence[Mapping[str, Any]], attacks: str = "attacks"
) -> dict[str, bytes]:
    """det.png of all networks; scores-NAME.png and det-NAME.png of each.

    attacks: what they are called in the titles.
    """
    images = {"det.png": worst_curves(scored, networks, attacks)}
    for told in networks:
        name = slug(told["network"])
        images[f"scores-{name}.png"] = densities(scored, told, attacks)
        images[f"det-{name}.png"] = instrument_curves(scored, told, attacks)
    return images


def trade_off(
    live: NDArray[np.float64], attacks: Mapping[str, NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """APCER of the worst instrument and BPCER at every bound where one of them changes."""
    bounds = np.append(np.unique(np.concatenate([live, *attacks.values()])), np.inf)
    passed = [
        1 - np.searchsorted(np.sort(v), bounds, side="left") / v.size for v in attacks.values()
    ]
    return np.max(passed, axis=0), np.searchsorted(np.sort(live), bounds, side="left") / live.size


def _logarithmic(axes: Any, floor: float) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(floor, 1.05)
    axes.set_ylim(floor, 1.05)


def _floor(scored: Scored) -> float:
    """Half of the smallest rate that the largest part of the list can have; 0 is drawn there."""
    counts = [int((scored.labels == label).sum()) for label in (LIVE, *scored.instruments)]
    return 0.5 / max(counts)


def worst_curves(scored: Scored, networks: Sequence[Mapping[str, Any]], attacks: str) -> bytes:
    """BPCER over the worst instrument's APCER, a line a network, a dot at its bound."""
    figure, axes = panel(
        f"Networks side by side, {attacks}", "APCER of the worst instrument", "BPCER"
    )
    floor = _floor(scored)
    for i, told in enumerate(networks):
        name, colour = told["network"], COLOURS(i % 10)
        apcer, bpcer = trade_off(scored.of(name, LIVE), scored.attacks(name))
        axes.plot(np.maximum(apcer, floor), np.maximum(bpcer, floor), color=colour, lw=1.8)
        at = (told["apcer"][told["worst"]]["value"], told["bpcer"]["value"])
        axes.plot(*np.maximum(at, floor), "o", color=colour, ms=5, label=name)
    _logarithmic(axes, floor)
    axes.legend(loc="lower left", frameon=False, fontsize=8)
    return png(figure)


def instrument_curves(scored: Scored, told: Mapping[str, Any], attacks: str) -> bytes:
    """BPCER over APCER, a line an instrument."""
    name = told["network"]
    figure, axes = panel(f"{name}, {attacks}", "APCER", "BPCER")
    floor = _floor(scored)
    live = scored.of(name, LIVE)
    for i, (label, values) in enumerate(scored.attacks(name).items()):
        apcer, bpcer = trade_off(live, {label: values})
        line = np.maximum(apcer, floor), np.maximum(bpcer, floor)
        axes.plot(*line, color=COLOURS(i % 10), lw=1.5, label=label)
    _logarithmic(axes, floor)
    axes.legend(loc="lower left", frameon=False, fontsize=8)
    return png(figure)


def densities(scored: Scored, told: Mapping[str, Any], attacks: str) -> bytes:
    """How the scores of living faces and of each instrument lie, with the bound."""
    name = told["network"]
    rows = [(LIVE, scored.of(name, LIVE)), *scored.attacks(name).items()]
    figure = Figure(figsize=(WIDE, max(HIGH, 0.9 + 0.5 * len(rows))), dpi=DPI, layout="constrained")
    panels = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    edges = np.linspace(0, 1, BINS + 1)
    for axes, (label, values) in zip(panels, rows, strict=True):
        counts = np.histogram(values, edges)[0] / values.size
        colour = GREEN if label == LIVE else "#c2410c"
        axes.stairs(counts, edges, fill=True, color=colour, alpha=0.6)
        axes.axvline(told["bound"], color=INK, lw=1, ls="--")
        axes.set_yticks([])
        axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8, color=INK)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=8, colors=GREY)
    dress(panels[0], f"{name}: scores of living faces and {attacks}", "", rows[0][0])
    panels[0].set_ylabel(LIVE, rotation=0, ha="right", va="center", fontsize=8)
    panels[-1].set_xlabel("liveness score", fontsize=9, color=INK)
    return png(figure)
