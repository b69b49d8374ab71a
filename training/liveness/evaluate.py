"""Measures liveness networks side by side on lists of presentations, as ISO/IEC 30107-3 words it.

APCER is given for every attack instrument, the worst one counts; BPCER, and the points BPCER10, 20
and 100. Every rate has its exact interval and one that draws people. A bound is the network's own,
or chosen on another list: never on the one that is reported.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console

from edge import packs
from edge.errors import UsageError
from training import pages, tables
from training.liveness import samples, scorers
from training.liveness.reports import curves, figures, finding, matching, page, slices, text, worst
from training.liveness.reports.figures import Rule
from training.liveness.reports.scored import Scored, judge
from training.liveness.samples import Sample

EXAMPLES = """\
examples:
  # the default pack at its own bound
  python -m training.liveness evaluate --list test.csv --network door=default
  # side by side; each bound is chosen on another list, so that 1 % of its living faces are refused
  python -m training.liveness evaluate --list test.csv --choose held.csv --bpcer 0.01 \\
      --network ours=runs/live/best.ckpt --network door=default --report report \\
      --network minifasnet=minifasnet_v2_2.7_80x80.onnx+minifasnet_v1se_4.0_80x80.onnx
  # which attacks are also recognised as the person that they show
  python -m training.liveness evaluate --list test.csv --network door=default --match default \\
      --genuine lfw.tar lfw.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add = parser.add_argument
    add(
        "--list",
        type=Path,
        action="append",
        required=True,
        metavar="CSV",
        help="presentations to report on; may be repeated",
    )
    add(
        "--network",
        action="append",
        required=True,
        metavar="NAME=WHAT",
        help="'default' or a pack's folder, a .ckpt of `train` or of training.liveness.patches, "
        "or MiniFASNet's ONNX files joined by '+'; may be repeated",
    )
    bound = parser.add_argument_group("bound").add_mutually_exclusive_group()
    bound.add_argument(
        "--bpcer", type=float, metavar="RATE", help="the highest that refuses so many of --choose"
    )
    bound.add_argument(
        "--apcer", type=float, metavar="RATE", help="the lowest that lets so many of --choose pass"
    )
    bound.add_argument(
        "--bound", default="own", metavar="NUMBER", help="a number, or 'own' (default)"
    )
    add(
        "--choose",
        type=Path,
        action="append",
        default=[],
        metavar="CSV",
        help="presentations on which --bpcer or --apcer chooses; none of --list; may be repeated",
    )
    add(
        "--alike",
        type=float,
        default=figures.ALIKE,
        metavar="RATE",
        help="compare networks where each refuses at most so many living faces of --list itself "
        "(default %(default)s)",
    )
    face = parser.add_argument_group("which face").add_mutually_exclusive_group()
    face.add_argument(
        "--detector",
        metavar="PACK",
        help="take the box that this pack's detector finds, as the door does, and not the list's",
    )
    face.add_argument(
        "--gates",
        metavar="PACK",
        help="the same, and what fails one of the door's gates of a frame (pose, sharpness, ...) is"
        " a non-response: the door judges no such frame",
    )
    joint = parser.add_argument_group("recognition")
    joint.add_argument(
        "--match", metavar="PACK", help="also: who is recognised as the person that is shown"
    )
    joint.add_argument(
        "--genuine",
        nargs=2,
        type=Path,
        metavar=("PICTURES", "LABELS"),
        help="bona fide pictures of those people and their label file (default: the lists' own)",
    )
    out = parser.add_argument_group("output")
    out.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write report.html, its drawings, evaluate.json and scores.csv into this folder",
    )
    out.add_argument(
        "--pictures", action="store_true", help="the worst pictures in the report: these are faces"
    )
    out.add_argument("--json", action="store_true", help="print all figures as JSON, no tables")


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, DataError, PackError, CheckpointError, NumericError, OutputError."""
    rule = _rule(args)
    cv2.setNumThreads(1)
    console = Console(stderr=True)
    listed, chosen_on = _read(args.list), _read(args.choose)
    shared, missed = _apart(listed, chosen_on), figures.left_out(args.list)
    networks = scorers.all_of(args.network)
    find = None
    if args.detector is not None:
        find = finding.detected(packs.load(args.detector))
    elif args.gates is not None:
        find = finding.gated(packs.load(args.gates))
    if args.report is not None:
        pages.prepare(args.report)
    choice = None
    if chosen_on:
        choice = judge(chosen_on, networks, console, find=find, what="choosing bounds")
    # A network without a bound must not cost the minutes that the list takes.
    chosen = [rule.bound(network, choice) for network in networks]
    scored = judge(listed, networks, console, find=find)
    told = [
        figures.of_network(scored, network, bound, how, args.alike)
        for network, (bound, how) in zip(networks, chosen, strict=True)
    ]
    bounds = {n["network"]: n["bound"] for n in told}
    result: dict[str, Any] = {
        "lists": figures.list_names(args.list),
        "simulated": False,
        "confidence": 0.95,
        "chosen_on": None,
        "detector": args.detector,
        "gates": args.gates,
        "list": figures.of_list(scored, missed),
        "networks": told,
        "slices": slices.slices(scored, bounds),
        "joint": None if args.match is None else _joint(args, scored, chosen_on, bounds, console),
    }
    result["simulated"] = figures.simulated(result["list"])
    if chosen_on:
        result["chosen_on"] = {
            "lists": figures.list_names(args.choose),
            "presentations": len(chosen_on),
            "people": len({s.person for s in chosen_on}),
            "shared_people": shared,
        }
    data = json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if args.report is not None:
        _write(args, result, data, scored)
    if args.json:
        print(data, end="")
    else:
        tables.report(text.title(result), text.tables(result), text.limits(result))
    return 0


def _rule(args: argparse.Namespace) -> Rule:
    if not 0 <= args.alike < 1:
        raise UsageError(f"--alike {args.alike:g}: a rate of 0 or more and below 1 is needed")
    target = {k: getattr(args, k) for k in ("bpcer", "apcer") if getattr(args, k) is not None}
    for name, value in target.items():
        if not 0 <= value < 1:
            raise UsageError(f"--{name} {value:g}: a rate of 0 or more and below 1 is needed")
        if not args.choose:
            raise UsageError(f"--{name}: --choose LIST says on which presentations; not on --list")
        return Rule(name, value)
    if args.choose:
        raise UsageError("--choose: --bpcer or --apcer says which bound is to be chosen there")
    if args.genuine is not None and args.match is None:
        raise UsageError("--genuine: --match PACK says by which pack faces are compared")
    if args.pictures and args.report is None:
        raise UsageError("--pictures: --report DIR says where they go")
    if args.bound == "own":
        return Rule("own")
    try:
        value = float(args.bound)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise UsageError(f"--bound {args.bound}: 'own' or a number from 0 to 1 is needed")
    return Rule("bound", value)


def _read(paths: list[Path]) -> list[Sample]:
    return [sample for path in paths for sample in samples.read(path)]


def _apart(listed: list[Sample], chosen_on: list[Sample]) -> int:
    """How many people are in both. Raises UsageError where a picture is."""
    names = [s.picture.resolve() for s in listed]
    if len(set(names)) < len(names):
        raise UsageError("--list: a picture is in it twice, and would count twice")
    if both := set(names) & {s.picture.resolve() for s in chosen_on}:
        raise UsageError(
            f"{min(both)} is in --choose and in --list: a bound chosen on what is reported flatters"
        )
    return len({s.person for s in listed} & {s.person for s in chosen_on})


def _joint(
    args: argparse.Namespace,
    scored: Scored,
    chosen_on: list[Sample],
    bounds: dict[str, float],
    console: Console,
) -> dict[str, Any]:
    pack = packs.load(args.match)
    if args.genuine is None:
        references = matching.of_samples(pack, [*scored.samples, *chosen_on], console)
        where = "the living faces of the lists"
    else:
        wanted = {s.person for s in scored.samples if not s.live}
        pictures, labels = args.genuine
        references = matching.of_pictures(pack, pictures, labels, wanted, console)
        where = pictures.name
    found = matching.match(pack, scored, references, console)
    return {
        "pack": f"{pack.manifest.name} {pack.manifest.version}",
        "fmr": matching.FMR,
        "bound": found.bound,
        "most": matching.PER_PERSON,
        "references": f"{sum(found.references.values())} pictures of {len(found.references)} "
        f"people, {where}",
        **figures.joint(scored, found.matched, found.compared, bounds),
    }


def _write(args: argparse.Namespace, result: dict[str, Any], data: str, scored: Scored) -> None:
    """All is made before anything is written."""
    images = curves.draw(scored, result["networks"], text.kind(result))
    if args.pictures:
        for told in result["networks"]:
            images |= worst.sheets(scored, told["network"])
    files = {name: image for name, image in images.items() if name.endswith(".png")}
    files["evaluate.json"] = data.encode()
    files["scores.csv"] = _lines(scored).encode()
    files["report.html"] = page.html(result, images).encode()
    pages.write(args.report, files)


def _lines(scored: Scored) -> str:
    """CSV: every presentation and every network's score; empty where there was no answer."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("picture", "label", "person", *scored.scores))
    for i, s in enumerate(scored.samples):
        said = [f"{v[i]:.6f}" if scored.answered[i] else "" for v in scored.scores.values()]
        rows.writerow((s.picture.name, s.label, s.person, *said))
    return out.getvalue()
