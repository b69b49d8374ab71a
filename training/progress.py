"""What a person sees while a network trains: a bar with the time left, and a line an epoch.

On a terminal the bar moves; into a file it is one plain line a minute, so that a log can be read.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_S = 60.0


class Reporter:
    """Progress on standard error. `start`: steps done by an earlier run."""

    def __init__(self, name: str, total: int, start: int, *, quiet: bool) -> None:
        self.name, self.total, self.start = name, total, start
        self.console = Console(stderr=True, quiet=quiet, width=None)
        self._began = self._said = time.monotonic()
        self._figures = ""
        self._bar: Progress | None = None
        if self.console.is_terminal and not quiet:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[figures]}"),
                console=self.console,
            )
            self._bar.start()
            self._task = self._bar.add_task(name, total=total, completed=start, figures="")

    def step(self, step: int) -> None:
        """`step` steps are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step, figures=self._figures)
            return
        now = time.monotonic()
        if now - self._said >= LINE_S:
            self._said = now
            rate = (step - self.start) / (now - self._began)
            left = (self.total - step) / rate / 60
            self._print(
                f"{self.name}: step {step} of {self.total}, {rate:.2f} a second, "
                f"{left:.0f} min left, {self._figures}"
            )

    def trained(self, figures: dict[str, float]) -> None:
        """Mean training figures of the last steps."""
        self._figures = " ".join(f"{name} {value:.4g}" for name, value in figures.items())

    def validated(self, epoch: int, epochs: int, figures: dict[str, float], *, best: bool) -> None:
        """An epoch's validation."""
        text = " ".join(f"{name} {value:.4g}" for name, value in figures.items())
        self._print(
            f"{self.name}: epoch {epoch + 1} of {epochs}: {text}{' (best)' if best else ''}"
        )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
