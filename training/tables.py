"""Figures as tables, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Text cells, and what a reader must know below them."""

    title: str
    headings: Row
    rows: Sequence[Row]
    notes: tuple[str, ...] = ()


def show(console: Console, told: Sequence[Table]) -> None:
    """Print them."""
    for table in told:
        shown = RichTable(title=table.title, title_justify="left")
        for i, heading in enumerate(table.headings):
            shown.add_column(heading, justify="left" if i == 0 else "right")
        for row in table.rows:
            shown.add_row(*map(Text, row))
        console.print(shown)
        for note in table.notes:
            console.print(note, markup=False, highlight=False)
        console.print()


def report(title: str, told: Sequence[Table], notes: Sequence[str], width: int = 170) -> None:
    """All of a report on standard output. width: columns where that is no terminal."""
    console = Console()
    console.width = console.width if console.is_terminal else width
    console.print(title, style="bold", highlight=False, markup=False)
    show(console, told)
    for note in notes:
        console.print(f"* {note}", markup=False, highlight=False)


def markdown(heading: str, told: Sequence[Table]) -> str:
    """The same for a document."""
    lines = [f"# {heading}", ""]
    for table in told:
        lines += [f"## {table.title}", "", _line(table.headings)]
        lines += [_line(["---"] * len(table.headings)), *map(_line, table.rows), ""]
        for note in table.notes:
            lines += [note, ""]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
