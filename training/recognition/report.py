"""The evaluation as one HTML file with its drawings inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from training.recognition import text

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
CLASS = {"demonstrated": "yes", "if pairs were independent": "part", "not demonstrated": "no"}


def html(result: dict[str, Any], images: Mapping[str, bytes]) -> str:
    """The report. images: PNG bytes by file name, as `curves.draw` gives them."""
    cards = "".join(
        f"<div class=card><span>{escape(name)}</span><b>{escape(value)}</b>"
        f"<span>{escape(limits)}</span></div>"
        for name, value, limits in text.headline(result)
    )
    parts = [
        _points(result),
        _claims(result),
        _drawings(images),
        _chosen(result),
        _section(
            "Thresholds that the pack states",
            _p(
                "The manifest's curve, held against these pairs. A pack measured on the same "
                "data must agree; on other data this shows whether its curve carries over. The "
                "door's bound has the precaution for one camera in it."
            ),
            _table(text.stated_table(result)),
        ),
        _galleries(result, images),
        _slices(result, images),
        _section(
            "Limits", "<ul>" + "".join(f"<li>{escape(t)}</li>" for t in text.LIMITS) + "</ul>"
        ),
    ]
    about = (
        f"Embedder <code>{escape(result['embedder_sha256'])}</code>; {result['repetitions']:,} "
        f"draws of people, seed {result['seed']}. Intervals are 95 %."
    )
    name = escape(text.title(result))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{name}</h1>{_p(text.scope(result))}<p class=soft>{about}</p>"
        f"<div class=cards>{cards}</div>{''.join(parts)}</main></body></html>\n"
    )


def _points(result: dict[str, Any]) -> str:
    return _section(
        "Operating points",
        _p(
            "At each false accept rate the lowest threshold that meets it on these pairs, and the "
            "genuine comparisons accepted there. The interval over people draws people and takes "
            "each draw's own threshold; the other takes pairs as independent and is too narrow."
        ),
        _table(text.points_table(result)),
    )


def _claims(result: dict[str, Any]) -> str:
    heads, rows = text.claims_table(result)
    kinds = [CLASS[c["verdict"]] for c in result["claims"]]
    return _section(
        "What is demonstrated",
        _p(
            "The lowest threshold whose upper 95 % limit, not its measured rate, is at most the "
            "false accept rate: over people and if pairs were independent. "
            "The limit for any dependence assumes nothing of how pairs that share people hang "
            f"together (Hoeffding 1963): {result['people']:,} people are then worth no more than "
            f"the {result['people'] // 2:,} disjoint pairs that they make."
        ),
        _table((heads, rows), kinds, "wide"),
    )


def _drawings(images: Mapping[str, bytes]) -> str:
    names = [n for n in ("roc.png", "det.png", "scores.png") if n in images]
    shown = "".join(_image(n, images[n]) for n in names)
    return _section("Curves", f"<div class=pair>{shown}</div>")


def _chosen(result: dict[str, Any]) -> str:
    lines = "".join(_p(line) for line in text.confusion_lines(result))
    return _section("The chosen threshold", lines, _table(text.confusion_table(result)))


def _galleries(result: dict[str, Any], images: Mapping[str, bytes]) -> str:
    if not result["open_set"]:
        return _section(
            "Galleries (1:N, open set)",
            _p("Not measured: the data have too few people with two pictures."),
        )
    return _section(
        "Galleries (1:N, open set)",
        _p(
            "People enrolled with up to five pictures, searched by their other pictures and by "
            "everybody else; FPIR is the share of strangers' searches that match anybody, FNIR "
            "that of enrolled people's who are not found. First the chosen threshold, then the "
            "door's rule: a target FPIR divided among the gallery's rows as if comparisons were "
            "independent. Where FPIR exceeds the target, they are not. Intervals draw people and, "
            "where there are several, galleries."
        ),
        _table(text.open_set_table(result)),
        _image("galleries.png", images["galleries.png"]),
    )


def _slices(result: dict[str, Any], images: Mapping[str, bytes]) -> str:
    drawing = _image("slices.png", images["slices.png"]) if "slices.png" in images else ""
    return _section(
        "Slices",
        _p(
            "At the chosen threshold. Both faces of a pair lie in the slice, so that a group is "
            "held against itself. A bound and no number where no error was seen. Age, gender, "
            "glasses and skin tone appear where labels name them; the door uses none of them."
        ),
        drawing,
        _table(text.slices_table(result)),
    )


def _section(name: str, *parts: str) -> str:
    return f"<section><h2>{escape(name)}</h2>{''.join(parts)}</section>"


def _p(said: str) -> str:
    return f"<p>{escape(said)}</p>"


def _table(table: text.Table, kinds: Sequence[str] = (), kind: str = "") -> str:
    heads, rows = table
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


def _image(name: str, data: bytes) -> str:
    code = base64.b64encode(data).decode()
    return f'<img alt="{escape(name)}" src="data:image/png;base64,{code}">'
