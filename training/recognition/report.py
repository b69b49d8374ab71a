"""The evaluation as one HTML file with its drawings inside."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from training.pages import cards, image, page, paragraph, section, table
from training.recognition import text

CLASS = {"demonstrated": "yes", "if pairs were independent": "part", "not demonstrated": "no"}


def html(result: dict[str, Any], images: Mapping[str, bytes]) -> str:
    """The report. images: PNG bytes by file name, as `curves.draw` gives them."""
    parts = [
        _points(result),
        _claims(result),
        _drawings(images),
        _chosen(result),
        section(
            "Thresholds that the pack states",
            paragraph(
                "The manifest's curve, held against these pairs. A pack measured on the same "
                "data must agree; on other data this shows whether its curve carries over. The "
                "door's bound has the precaution for one camera in it."
            ),
            table(*text.stated_table(result)),
        ),
        _galleries(result, images),
        _slices(result, images),
        section("Limits", "<ul>" + "".join(f"<li>{escape(t)}</li>" for t in text.LIMITS) + "</ul>"),
    ]
    about = (
        f"Embedder <code>{escape(result['embedder_sha256'])}</code>; {result['repetitions']:,} "
        f"draws of people, seed {result['seed']}. Intervals are 95 %."
    )
    return page(
        text.title(result),
        paragraph(text.scope(result)),
        f"<p class=soft>{about}</p>",
        cards(text.headline(result)),
        *parts,
    )


def _points(result: dict[str, Any]) -> str:
    return section(
        "Operating points",
        paragraph(
            "At each false accept rate the lowest threshold that meets it on these pairs, and the "
            "genuine comparisons accepted there. The interval over people draws people and takes "
            "each draw's own threshold; the other takes pairs as independent and is too narrow."
        ),
        table(*text.points_table(result)),
    )


def _claims(result: dict[str, Any]) -> str:
    heads, rows = text.claims_table(result)
    kinds = [CLASS[c["verdict"]] for c in result["claims"]]
    return section(
        "What is demonstrated",
        paragraph(
            "The lowest threshold whose upper 95 % limit, not its measured rate, is at most the "
            "false accept rate: over people and if pairs were independent. "
            "The limit for any dependence assumes nothing of how pairs that share people hang "
            f"together (Hoeffding 1963): {result['people']:,} people are then worth no more than "
            f"the {result['people'] // 2:,} disjoint pairs that they make."
        ),
        table(heads, rows, kinds, "wide"),
    )


def _drawings(images: Mapping[str, bytes]) -> str:
    names = [n for n in ("roc.png", "det.png", "scores.png") if n in images]
    shown = "".join(image(n, images[n]) for n in names)
    return section("Curves", f"<div class=pair>{shown}</div>")


def _chosen(result: dict[str, Any]) -> str:
    lines = "".join(paragraph(line) for line in text.confusion_lines(result))
    return section("The chosen threshold", lines, table(*text.confusion_table(result)))


def _galleries(result: dict[str, Any], images: Mapping[str, bytes]) -> str:
    if not result["open_set"]:
        return section(
            "Galleries (1:N, open set)",
            paragraph("Not measured: the data have too few people with two pictures."),
        )
    return section(
        "Galleries (1:N, open set)",
        paragraph(
            "People enrolled with up to five pictures, searched by their other pictures and by "
            "everybody else; FPIR is the share of strangers' searches that match anybody, FNIR "
            "that of enrolled people's who are not found. First the chosen threshold, then the "
            "door's rule: a target FPIR divided among the gallery's rows as if comparisons were "
            "independent. Where FPIR exceeds the target, they are not. Intervals draw people and, "
            "where there are several, galleries."
        ),
        table(*text.open_set_table(result)),
        image("galleries.png", images["galleries.png"]),
    )


def _slices(result: dict[str, Any], images: Mapping[str, bytes]) -> str:
    drawing = image("slices.png", images["slices.png"]) if "slices.png" in images else ""
    return section(
        "Slices",
        paragraph(
            "At the chosen threshold. Both faces of a pair lie in the slice, so that a group is "
            "held against itself. A bound and no number where no error was seen. Age, gender, "
            "glasses and skin tone appear where labels name them; the door uses none of them."
        ),
        drawing,
        table(*text.slices_table(result)),
    )
