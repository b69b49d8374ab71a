"""How the drawings of reports look."""

from __future__ import annotations

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, GREY = "#1f2933", "#7b8794"
WIDE, HIGH, DPI = 6.4, 4.2, 130


def panel(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    """A drawing with one panel."""
    figure = Figure(figsize=(WIDE, HIGH), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    dress(axes, title, across, up)
    return figure, axes


def dress(axes: Axes, title: str, across: str, up: str) -> None:
    """Title, names of the axes, and one look for all."""
    axes.set_title(title, fontsize=11, color=INK, loc="left", fontweight="bold")
    axes.set_xlabel(across, fontsize=9, color=INK)
    axes.set_ylabel(up, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.grid(True, which="major", color="#e4e7eb", lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def png(figure: Figure) -> bytes:
    """The same bytes each time."""
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
