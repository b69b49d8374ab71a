"""The report as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from training import pages
from training.liveness.reports import text
from training.recognition.text import figure, people


def html(result: Mapping[str, Any], images: Mapping[str, bytes]) -> str:
    """images: drawings and contact sheets by file name."""
    cards = []
    for n in result["networks"]:
        worst = n["apcer"][n["worst"]]
        cards.append((f"{n['network']}: APCER, {n['worst']}", figure(worst), people(worst)))
        cards.append((f"{n['network']}: BPCER", figure(n["bpcer"]), people(n["bpcer"])))
    drawn = [name for name in images if name.endswith(".png")]
    shown = [name for name in images if name.endswith(".jpg")]
    parts = [pages.cards(cards)]
    parts += pages.tables(text.tables(result))
    curves = "".join(pages.image(name, images[name]) for name in drawn)
    parts.append(pages.section("Curves", f"<div class=pair>{curves}</div>"))
    if shown:
        faces = "".join(pages.image(name, images[name], "jpeg") for name in shown)
        parts.append(
            pages.section(
                "Worst pictures",
                pages.paragraph("Attacks with the highest scores, living faces with the lowest."),
                faces,
            )
        )
    said = "".join(f"<li>{escape(line)}</li>" for line in text.limits(result))
    parts.append(pages.section("Limits", f"<ul>{said}</ul>"))
    return pages.page(text.title(result), *parts)
