"""What the person at the terminal sees while the source is looked at.

Someone watching gets one moving line; a log gets a plain line whenever the hint changes.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from edge.console import Output
from edge.enrolment.look import Look

LINE_EVERY_S = 1.0
"""Plain lines come no faster than this, in seconds of the source."""


class Guide:
    """Shows templates taken of those wanted, and the hint of the moment. A context manager."""

    def __init__(self, output: Output, want: int) -> None:
        self._output, self._want = output, want
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._said: str | None = None
        self._said_at = float("-inf")

    def show(self, look: Look, t: float) -> None:
        """Say where the look stands after the frame of time `t`."""
        taken = len(look.chosen())
        hint = look.hint or "good, stay like this"
        if self._progress is not None:
            self._progress.update(self._task, completed=taken, hint=hint)
            return
        if hint != self._said and t - self._said_at >= LINE_EVERY_S:
            self._said, self._said_at = hint, t
            self._output.note(f"{t:6.1f} s  {taken} of {self._want}  {hint}")

    def __enter__(self) -> Self:
        if self._output.live:
            self._progress = Progress(
                TextColumn("[bold]{task.completed:.0f} of {task.total:.0f}[/] templates"),
                BarColumn(bar_width=24),
                TextColumn("[cyan]{task.fields[hint]}[/]"),
                TimeElapsedColumn(),
                console=self._output.err,
            )
            self._task = self._progress.add_task("", total=self._want, hint="look at the camera")
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
