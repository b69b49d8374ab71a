"""A finished enrolment, told to people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.config import Enrolment
from edge.console import Output


def warn(report: dict[str, Any], output: Output, bounds: Enrolment) -> None:
    """What the person should know of an enrolment that was made."""
    if (alike := report["lookalike"]) is not None:
        output.warn(
            f"{report['person']} resembles {alike['person']}: score {alike['score']:.3f}, the door "
            f"would take one for the other from {alike['bound']:.3f}"
        )
    if report["not_compared"]:
        output.warn(
            f"enrolled with another model pack, so not compared: "
            f"{', '.join(report['not_compared'])}; the door stays locked until they are enrolled "
            "again or removed"
        )
    if len(report["templates"]) == 1:
        output.warn("a single template: more pictures make admission more dependable")
    elif not report["varied"]:
        output.warn(
            f"little variety of pose: the head turned by {report['pose_spread']:.0f} degrees only "
            f"({bounds.pose_spread:g} or more are better); frames apart in time and appearance "
            "were taken instead"
        )


def say_added(out: Console, report: dict[str, Any]) -> None:
    """The templates taken, and what was refused."""
    table = Table(title=f"{escape(report['person'])}: templates taken", title_justify="left")
    for head in ("t, s", "yaw", "pitch", "roll", "size", "sharp", "quality", "cosine to mean"):
        table.add_column(head, justify="right")
    for t in report["templates"]:
        table.add_row(
            f"{t['t']:.2f}",
            *(f"{t[axis]:+.0f}°" for axis in ("yaw", "pitch", "roll")),
            f"{t['size']:.0f}",
            f"{t['sharpness']:.2f}",
            f"{t['quality']:.2f}",
            f"{t['cosine_to_mean']:.3f}",
        )
    out.print(table)
    refused = ", ".join(f"{name} {count}" for name, count in report["refused"].items())
    out.print(
        f"{len(report['templates'])} templates from {report['frames']} frames in "
        f"{report['seconds']:.1f} s; frames refused: {refused or 'none'}"
    )
