"""The terminal while a film plays: gates as lamps, the lock, how far the film is."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from edge.console import Output
from edge.pipeline import Step
from edge.prompts import words
from edge.render.frame import bound, number

EVERY = 3
"""Frames between two drawings of the table: reading it does not get easier by more."""


class View:
    """Moves for someone who watches; otherwise says when the decision or the door changes."""

    def __init__(self, output: Output, frames: int | None, name: str) -> None:
        """frames: how many there will be; None if that is not known."""
        self._output, self._name = output, name
        self._progress = Progress(
            TextColumn(
                "{task.completed:.0f}/{task.total} frames"
                if frames
                else "{task.completed:.0f} frames"
            ),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=output.err,
        )
        self._task = self._progress.add_task("", total=frames, speed="")
        self._live: Live | None = None
        self._before: tuple[str | None, str | None, bool] | None = None
        self._asked: str | None = None

    def show(self, step: Step, *, door_open: bool, opened_for: str | None) -> None:
        """Show the frame just stepped."""
        decision = step.decision
        now = decision.verdict, decision.person, door_open
        asked, self._asked = self._asked, words(step.challenge)
        if self._live is None:
            if self._asked not in (None, asked):
                self._output.note(f"{decision.t:7.2f} s  asked: {self._asked}")
            if now != self._before and (self._before or now != (None, None, False)):
                what = decision.verdict or "undecided"
                who = f" {decision.person}" if decision.person else ""
                state = "open" if door_open else "locked"
                self._output.note(f"{decision.t:7.2f} s  {what}{who}; door {state}")
            self._before = now
            return
        total = sum(step.stage_ms.values())
        self._progress.update(self._task, completed=step.observation.index + 1)
        self._progress.update(self._task, speed=f"{total:.0f} ms a frame")
        if step.observation.index % EVERY == 0 or now != self._before:
            self._live.update(
                Group(_table(step, self._name, door_open, opened_for), self._progress)
            )
        self._before = now

    def __enter__(self) -> Self:
        if self._output.live:
            self._live = Live(
                self._progress, console=self._output.err, refresh_per_second=10, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()


def _table(step: Step, name: str, door_open: bool, opened_for: str | None) -> Table:
    decision = step.decision
    state = (
        f"[bold green]OPEN[/] for {escape(opened_for or '?')}" if door_open else "[bold]LOCKED[/]"
    )
    said = {"grant": "[green]grant[/]", "deny": "[red]deny[/]", None: "[dim]undecided[/]"}
    title = f"{escape(name)}  {decision.t:7.2f} s   {state}   {said[decision.verdict]}"
    asked = words(step.challenge)
    title += f"   [bold yellow]{asked}[/]" if asked else ""
    table = Table(title=title, title_justify="left", min_width=50)
    for head in ("gate", "value", "bound", ""):
        table.add_column(head, justify="right" if head in ("value", "bound") else "left")
    for gate in decision.gates:
        mark = Text("✓", "green") if gate.passed else Text("✗", "red")
        if gate.value is None:
            mark = Text("·", "dim")
        table.add_row(gate.name, number(gate.value), bound(gate), mark)
    return table
