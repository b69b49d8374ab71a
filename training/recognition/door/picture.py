"""A timeline of each film: scores against the bound, and which gates held when."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import OutputError
from edge.outputs import replacing
from training.recognition.door.figures import Result
from training.recognition.door.trials import Played

ACROSS = 3
LANES = (("quality", "tab:gray"), ("recognised", "tab:blue"), ("motion", "tab:purple"))


def draw(path: Path, result: Result) -> None:
    """One panel a film. Raises OutputError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = [_shown(result, film.name) for film in result.films]
    down = math.ceil(len(chosen) / ACROSS)
    figure = Figure(figsize=(5.2 * ACROSS, 3.0 * down), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{result.pack.manifest.name} {result.pack.manifest.version}: the door on whole films"
    )
    panels = figure.subplots(down, ACROSS, squeeze=False)
    low, high = _range(chosen)
    for axes, played in zip(panels.flat, chosen, strict=False):
        _panel(axes, played, low, high)
    for axes in panels.flat[len(chosen) :]:
        axes.set_visible(False)
    panels.flat[0].legend(fontsize=6, loc="lower left")
    with replacing(path) as part:
        try:
            figure.savefig(part, dpi=100)
        except ValueError as error:
            raise OutputError(f"{path}: {error}; .png is a format that is known") from error


def _shown(result: Result, film: str) -> Played:
    """The first trial in which its person is enrolled, or else left out."""
    of = [p for p in result.played if p.trial.probe.name == film]
    return next((p for p in of if p.trial.right is not None), of[0])


def _range(chosen: list[Played]) -> tuple[float, float]:
    scores = [
        v for p in chosen for f in p.frames for v in (f.right, f.wrong, p.bound) if v is not None
    ]
    low, high = min(scores, default=0.0), max(scores, default=1.0)
    return low - 0.02 * (high - low), high + 0.02 * (high - low)


def _panel(axes: Any, played: Played, low: float, high: float) -> None:
    frames, trial = played.frames, played.trial
    t = np.array([f.t for f in frames])
    for name, colour in (("right", "tab:green"), ("wrong", "tab:red")):
        scores = np.array([getattr(f, name) for f in frames], np.float64)
        label = "right person" if name == "right" else "most alike other"
        axes.plot(t, scores, color=colour, linewidth=1.2, label=label)
    axes.axhline(played.bound, color="black", linewidth=0.8, linestyle="--", label="bound")
    room = 0.05 * (high - low)
    held = {
        "quality": [f.usable for f in frames],
        "recognised": [f.recognised is not None for f in frames],
        "motion": ["motion" not in f.failed for f in frames],
    }
    for lane, (name, colour) in enumerate(LANES):
        where = t[np.array(held[name], bool)]
        height = np.full(len(where), low - (lane + 1) * room)
        axes.scatter(where, height, s=5, color=colour, marker="s", label=name)
    for f in frames:
        if f.grant is not None:
            colour = "tab:green" if f.grant == trial.right else "tab:red"
            axes.axvline(f.t, color=colour, alpha=0.25, linewidth=2)
    whole = played.whole
    told = ", ".join(whole.granted) or "nobody"
    when = "" if whole.after_s is None else f" after {whole.after_s:.2f} s"
    who = f"{trial.probe.name}: {trial.probe.person}, "
    who += "a stranger" if trial.right is None else f"enrolled from {trial.sources[trial.right]}"
    axes.set_title(f"{who}\nadmitted: {told}{when}", fontsize=8)
    axes.set_ylim(low - 4 * room, high)
    axes.tick_params(labelsize=7)
    axes.set_xlabel("s", fontsize=7)
