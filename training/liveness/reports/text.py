"""The figures of a report as tables, and the words that they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge.presentation import BPCER_AT
from training.liveness.reports.figures import simulated
from training.liveness.reports.slices import Q
from training.liveness.samples import LIVE
from training.recognition.text import DASH, exact, figure, people, share
from training.tables import Row, Table


def title(result: Mapping[str, Any]) -> str:
    """What the report is of."""
    return f"Liveness on {', '.join(result['lists'])}: {kind(result)}"


def kind(result: Mapping[str, Any]) -> str:
    """What the attacks are called."""
    return "simulated attacks" if simulated(result["list"]) else "attacks"


def limits(result: Mapping[str, Any]) -> list[str]:
    """What a reader must know."""
    found = []
    listed = result["list"]
    if simulated(listed):
        found.append(
            "All or some of the attacks are SIMULATED: rendered from pictures of faces, and no "
            "paper or screen stood before a camera. How real ones fare is not demonstrated."
        )
    if seen := sum(p["ranges"].get("train", 0) for p in listed.values()):
        found.append(
            f"{seen:,} presentations have parameters of the range that trainings draw from: they "
            "show what was learned, not what is new."
        )
    found += [
        "A rate is of single pictures; the door asks several frames, motion, and who it is.",
        "Pictures of one person, and of one film, hang together: the interval over people draws "
        "people and counts; the exact one takes every picture as independent and is too narrow.",
        "The operating points BPCER10, 20 and 100 and the comparison at an equal BPCER take their "
        "bounds from this very list. The bound of the first tables does not, unless it was chosen "
        "on the same people.",
    ]
    if result["chosen_on"] is not None:
        part = result["chosen_on"]
        found.append(
            f"Bounds were chosen on {', '.join(part['lists'])}: {part['presentations']:,} "
            f"presentations of {part['people']:,} people, {part['shared_people']:,} of whom are in "
            "this list too."
        )
    return found


def tables(result: Mapping[str, Any]) -> list[Table]:
    """All of a report, as `evaluate` puts it together."""
    networks = result["networks"]
    found = [_listed(result), _rates(networks), _intervals(networks), _points(networks)]
    found.append(_equal(networks))
    if result["joint"] is not None:
        found.append(_joint(result["joint"]))
    if result["slices"]:
        found.append(_slices(result["slices"]))
    return found


def _names(networks: Sequence[Mapping[str, Any]]) -> Row:
    return tuple(n["network"] for n in networks)


def _listed(result: Mapping[str, Any]) -> Table:
    rows = []
    for label, part in result["list"].items():
        kind = "bona fide" if label == LIVE else "real"
        if label != LIVE and part["simulated"]:
            whole = part["simulated"] == part["presentations"]
            kind = "simulated" if whole else f"{part['simulated']:,} simulated"
        rows.append(
            (label, kind, f"{part['presentations']:,}", f"{part['people']:,}", f"{part['films']:,}")
            + (short(part["no_response"]), short(part["left_out"]))
        )
    heads: Row = ("presentations of", "kind", "number", "people", "films", "no response")
    heads += ("left out before",)
    where = "Boxes are those of the list: every presentation has an answer."
    if result["detector"]:
        where = (
            f"Faces are found by the detector of {result['detector']}: where it finds none there is"
            " no response (APNRR, BPNRR), and the rates below are of those that it found."
        )
    elif result["gates"]:
        where = (
            f"Pictures pass the door's gates of a frame with {result['gates']}, or there is no "
            "response (APNRR, BPNRR): the door judges no such frame. The rates below are of those "
            "that passed."
        )
    before = (
        "Left out before: `generate` found no face in so many; non-responses of the pack it asked."
    )
    return Table("The list", heads, rows, (where, before))


def short(told: Mapping[str, Any] | None) -> str:
    """Without limits, where another table has them."""
    if told is None:
        return DASH
    counted = f"{told['count']:,}/{told['trials']:,}"
    return f"{share(told['value'])} ({counted})" if told["count"] else f"none ({counted})"


def _rates(networks: Sequence[Mapping[str, Any]]) -> Table:
    labels = sorted({label for n in networks for label in n["apcer"]})
    rows: list[Row] = [
        (f"APCER {label}", *(short(n["apcer"].get(label)) for n in networks)) for label in labels
    ]
    rows += [
        (
            "APCER, worst instrument",
            *(f"{share(n['apcer'][n['worst']]['value'])} ({n['worst']})" for n in networks),
        ),
        ("BPCER", *(short(n["bpcer"]) for n in networks)),
        ("ACER (worst instrument)", *(share(n["acer"]) for n in networks)),
        ("bound", *(f"{n['bound']:.4f}" for n in networks)),
        (
            "ms a face, median (95 %)",
            *(f"{n['latency_ms']['median']:.1f} ({n['latency_ms']['p95']:.1f})" for n in networks),
        ),
    ]
    notes = tuple(f"{n['network']}: {n['what']}; bound {n['how']}." for n in networks)
    return Table("At the bound", ("", *_names(networks)), rows, notes)


def _intervals(networks: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for n in networks:
        for name, told in (*n["apcer"].items(), ("BPCER", n["bpcer"])):
            counted = f"{told['count']:,}/{told['trials']:,}"
            rows.append(
                (
                    n["network"],
                    name,
                    counted,
                    figure(told),
                    people(told),
                    f"{told['n_people']:,}",
                    exact(told),
                )
            )
    heads = ("network", "APCER of, or BPCER", "errors", "rate", "95 % over people", "people")
    return Table("Intervals", (*heads, "95 % if independent"), rows)


def _points(networks: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for n in networks:
        for name in BPCER_AT:
            point = n["operating_points"][name]
            rows.append(
                (n["network"], name, share(point["apcer"]), f"{point['bound']:.4f}")
                + (figure(point["bpcer"]), people(point["bpcer"]))
            )
    heads = ("network", "point", "APCER at most", "bound", "BPCER", "95 % over people")
    return Table("BPCER where the worst instrument's APCER is", heads, rows)


def _equal(networks: Sequence[Mapping[str, Any]]) -> Table:
    labels = sorted({label for n in networks for label in n["apcer"]})
    rows: list[Row] = [
        (f"APCER {label}", *(short(n["equal_bpcer"]["apcer"].get(label)) for n in networks))
        for label in labels
    ]
    rows += [
        (f"EER {label}", *(share(n["eer"][label]) if label in n["eer"] else DASH for n in networks))
        for label in labels
    ]
    rows.append(("bound", *(f"{n['equal_bpcer']['bound']:.4f}" for n in networks)))
    target = networks[0]["equal_bpcer"]["target"]
    name = f"Where each refuses {100 * target:g} % of the living faces of this list"
    return Table(name, ("", *_names(networks)), rows)


def _joint(joint: Mapping[str, Any]) -> Table:
    names = tuple(joint["iapar"])
    rows = [
        (label, short(told), people(told))
        + tuple(short(joint["iapar"][name][label]) for name in names)
        + (f"{joint['without'][label]:,}",)
        for label, told in joint["iapmr"].items()
    ]
    heads: Row = ("instrument", "IAPMR: matched", "95 % over people")
    heads += tuple(f"IAPAR: and live for {name}" for name in names)
    return Table(
        f"With recognition ({joint['pack']})",
        (*heads, "no reference"),
        rows,
        (
            f"An attack matches where its cosine with any of up to {joint['most']} bona fide "
            f"pictures of the person it shows is {joint['bound']:.4f} or more: the pack's bound "
            f"for an FMR of {joint['fmr']:g}, its precaution for one camera in it. References: "
            f"{joint['references']}. An attack may be made of a picture that is a reference.",
        ),
    )


def _slices(parameters: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for one in parameters:
        for network, depends in one["depends"].items():
            if not depends:
                continue
            parts = one["slices"]
            rows.append(
                (network, f"{one['label']}: {one['parameter']}")
                + (" | ".join(f"{s['slice']}: {short(s['errors'][network])}" for s in parts),)
            )
    heads = ("network", "parameter", "APCER (live: BPCER) of its slices, at the bound")
    return Table(
        "Parameters on which errors depend",
        heads,
        rows or [("none", "", "")],
        (
            f"Of {len(parameters)} parameters; chi-squared tests with a false discovery rate of "
            f"{Q:.0%}, presentations taken as independent. The JSON has all slices.",
        ),
    )
