"""Reports as one HTML file with its drawings inside: style and parts."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from edge.errors import OutputError
from edge.outputs import replacing
from training.tables import Table

STYLE = """
:root { --ink: #1f2933; --soft: #52606d; --line: #e4e7eb; --paper: #ffffff; --wash: #f5f7fa; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--wash); color: var(--ink);
       font: 15px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 28px; margin: 0 0 6px; }
h2 { font-size: 19px; margin: 0 0 10px; }
p { margin: 0 0 12px; max-width: 78ch; }
.soft { color: var(--soft); }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
          padding: 20px 24px; margin-top: 20px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(185px, 1fr)); gap: 12px;
         margin-top: 20px; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
        padding: 12px 16px; }
.card b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
.card span { color: var(--soft); font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px;
        font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line);
         vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.wide td:nth-child(2) { text-align: left; }
.yes td:nth-child(2) { border-left: 4px solid #1b7f5c; }
.part td:nth-child(2) { border-left: 4px solid #d69e2e; }
.no td:nth-child(2) { border-left: 4px solid #c2410c; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 16px; }
img { max-width: 100%; height: auto; display: block; }
ul { margin: 0; padding-left: 20px; max-width: 82ch; }
code { font-size: 13px; overflow-wrap: anywhere; }
@media print { body { background: #fff; } section, .card { break-inside: avoid; } }
"""


def section(name: str, *parts: str) -> str:
    """A box with a heading. parts: HTML."""
    return f"<section><h2>{escape(name)}</h2>{''.join(parts)}</section>"


def paragraph(said: str) -> str:
    """Plain text."""
    return f"<p>{escape(said)}</p>"


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str] = (), kind: str = ""
) -> str:
    """kinds: a CSS class for each row. kind: of the table."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(
        f'<tr class="{kinds[i] if kinds else ""}">'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for i, row in enumerate(rows)
    )
    return (
        f'<div class=scroll><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def image(name: str, data: bytes, kind: str = "png") -> str:
    """data: of a file of that kind."""
    code = base64.b64encode(data).decode()
    return f'<img alt="{escape(name)}" src="data:image/{kind};base64,{code}">'


def cards(told: Iterable[tuple[str, str, str]]) -> str:
    """The main figures. told: name, value, interval."""
    shown = "".join(
        f"<div class=card><span>{escape(name)}</span><b>{escape(value)}</b>"
        f"<span>{escape(limits)}</span></div>"
        for name, value, limits in told
    )
    return f"<div class=cards>{shown}</div>"


def page(title: str, *parts: str) -> str:
    """The whole file. parts: HTML."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{''.join(parts)}</main></body></html>\n"
    )


def prepare(folder: Path) -> None:
    """Makes a report's folder, before minutes of work. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """A report's files, by name, each whole or not at all. Raises OutputError."""
    for name, data in files.items():
        path = folder / name
        with replacing(path) as part:
            try:
                part.write_bytes(data)
            except OSError as error:
                raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def tables(told: Iterable[Table]) -> list[str]:
    """A section for each, with its notes."""
    return [
        section(t.title, table(t.headings, t.rows), *(paragraph(note) for note in t.notes))
        for t in told
    ]
