"""How near each film came to passing every gate of liveness, as a drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from training.liveness.films.playing import Played, life_gates
from training.liveness.samples import LIVE
from training.plots import DPI, GREY, INK, WIDE, dress, png

LEAST = 1e-2
"""Ratios below are drawn there."""


def gates(played: Sequence[Played]) -> bytes:
    """A panel a gate, a row a kind of film, a dot a film: its best value over the gate's bound."""
    labels = [LIVE, *sorted({p.label for p in played} - {LIVE})]
    names = life_gates(played)
    high = 1.2 + 0.35 * len(labels)
    figure = Figure(figsize=(WIDE * max(1, len(names)), high), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        dress(axes, f"{name}: living and simulated attacks", "best value / bound", "")
        for row, label in enumerate(labels):
            found = [p.whole.values.get(name) for p in played if p.label == label]
            values = np.array([v for v in found if v is not None], np.float64)
            spread = np.linspace(-0.25, 0.25, len(values)) if len(values) > 1 else np.zeros(1)
            colour = "#1b7f5c" if label == LIVE else "#c2410c"
            axes.scatter(
                np.maximum(values, LEAST),
                row + spread[: len(values)],
                s=10,
                color=colour,
                alpha=0.7,
            )
            if missing := len(found) - len(values):
                axes.annotate(
                    f"{missing} without a value",
                    (0.99, row - 0.34),
                    xycoords=("axes fraction", "data"),
                    ha="right",
                    fontsize=7,
                    color=GREY,
                )
        axes.axvline(1.0, color=INK, lw=1, ls="--")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(labels)), labels, fontsize=8)
        axes.invert_yaxis()
    return png(figure)
