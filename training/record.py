"""What a run leaves to look at: one CSV of all figures, and a picture of their curves."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

FIELDS = ("step", "epoch", "kind", "name", "value")


class Record:
    """`metrics.csv`: a line a figure (step, epoch, train|validation, name, value).

    Opened with `until`, the lines after that step are dropped: what a resumed run repeats
    stands there once.
    """

    def __init__(self, folder: Path, *, until: int | None = None) -> None:
        self.path = folder / "metrics.csv"
        kept = [] if until is None else [r for r in read(self.path) if int(r["step"]) <= until]
        text = io.StringIO()
        writer = csv.DictWriter(text, FIELDS)
        writer.writeheader()
        writer.writerows(kept)
        part = self.path.with_name(".metrics.csv.part")
        part.write_text(text.getvalue(), encoding="utf-8")
        part.replace(self.path)
        self._file = self.path.open("a", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)

    def add(self, step: int, epoch: int, kind: str, figures: dict[str, float]) -> None:
        """One line for each figure, flushed."""
        for name, value in figures.items():
            self._writer.writerow([step, epoch, kind, name, repr(float(value))])
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[dict[str, str]]:
    """The lines of a metrics.csv; none when there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["value"]]


def draw_curves(folder: Path, title: str) -> Path:
    """`curves.png` from `metrics.csv`: one panel a figure, training and validation in it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = read(folder / "metrics.csv")
    names = list(dict.fromkeys(row["name"] for row in rows))
    across = min(4, max(len(names), 1))
    down = max(math.ceil(len(names) / across), 1)
    figure = Figure(figsize=(4 * across, 2.8 * down), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    for place, name in enumerate(names):
        axes = figure.add_subplot(down, across, place + 1)
        for kind, colour in (("train", "tab:blue"), ("validation", "tab:orange")):
            line = [
                (int(r["step"]), float(r["value"]))
                for r in rows
                if r["name"] == name and r["kind"] == kind
            ]
            if line:
                axes.plot(*zip(*line, strict=True), color=colour, label=kind, linewidth=1)
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=7)
        axes.grid(alpha=0.3)
    out = folder / "curves.png"
    figure.savefig(out, dpi=90)
    return out
