"""Scores a list and counts errors: APCER per attack instrument and its worst, BPCER, ACER.

The bound is a number, or chosen where the ACER is least on another list; never on the list that is
reported. `--out` gets scores.csv (a line a presentation) and metrics.json.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

import cv2
import torch
from rich.console import Console

from edge.errors import UsageError
from training import pages, tables
from training.liveness import bounds
from training.liveness.patches import lists, scorer
from training.liveness.reports import figures, slices, text
from training.liveness.reports.scored import Scored, judge
from training.liveness.samples import LIVE
from training.liveness.scorers import Named

NAME = "patches"
EXAMPLES = """\
examples:
  python -m training.liveness.patches infer-test runs/patches/best.ckpt --list test.csv \\
      --choose held.csv --out report
  # the mean of the best of each cycle, 36 patches a face, at the bound 0.5
  python -m training.liveness.patches infer-test --ensemble runs/patches --tta \\
      --list CASIA-SURF/val_private_list.txt --bound 0.5 --out report
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    scorer.add_arguments(parser)
    add = parser.add_argument
    add(
        "--list",
        action="append",
        required=True,
        type=Path,
        metavar="LIST",
        help="presentations to report on: .csv, or .txt of CASIA-SURF; may be repeated",
    )
    rule = parser.add_argument_group("bound").add_mutually_exclusive_group(required=True)
    rule.add_argument("--bound", type=float, metavar="B", help="between 0 and 1")
    rule.add_argument(
        "--choose",
        action="append",
        type=Path,
        metavar="LIST",
        help="where the ACER of this other list is least: the training's --held; may be repeated",
    )
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    add("--json", action="store_true", help="print metrics.json, no tables")


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    console = Console(stderr=True)
    if args.bound is not None and not 0 < args.bound < 1:
        raise UsageError(f"--bound {args.bound:g}: a number between 0 and 1 is needed")
    listed, chosen_on = lists.read(args.list), lists.read(args.choose or [])
    missed = figures.left_out(args.list)
    pictures = {s.picture.resolve() for s in listed}
    if both := pictures & {s.picture.resolve() for s in chosen_on}:
        raise UsageError(
            f"{min(both)} is in --choose and in --list: a bound chosen on what is reported flatters"
        )
    patched = scorer.from_arguments(args)
    network = Named(NAME, patched.name, patched)
    pages.prepare(args.out)
    bound, how = args.bound, "given with --bound"
    if args.choose:
        choice = judge(chosen_on, [network], console, what="choosing the bound")
        bound, _ = bounds.least_acer(choice.attacks(NAME), choice.of(NAME, LIVE))
        how = "where the ACER of the list it was chosen on is least"
    scored = judge(listed, [network], console)
    result: dict[str, Any] = {
        "lists": figures.list_names(args.list),
        "simulated": False,
        "detector": None,
        "gates": None,
        "chosen_on": None,
        "joint": None,
        "slices": slices.slices(scored, {NAME: bound}),
        "list": figures.of_list(scored, missed),
        "passes": patched.passes,
        "networks": [figures.of_network(scored, network, bound, how)],
    }
    result["simulated"] = figures.simulated(result["list"])
    if args.choose:
        result["chosen_on"] = {
            "lists": figures.list_names(args.choose),
            "presentations": len(chosen_on),
            "people": len({s.person for s in chosen_on}),
            "shared_people": len({s.person for s in listed} & {s.person for s in chosen_on}),
        }
    data = json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    files = {"scores.csv": _lines(scored, bound).encode(), "metrics.json": data.encode()}
    pages.write(args.out, files)
    if args.json:
        print(data, end="")
    else:
        tables.report(text.title(result), text.tables(result), text.limits(result))
    return 0


def _lines(scored: Scored, bound: float) -> str:
    """CSV: every presentation, its score, and what it was taken for."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("picture", "label", "person", "score", "taken_for"))
    for sample, score in zip(scored.samples, scored.scores[NAME], strict=True):
        taken_for = LIVE if score >= bound else "attack"
        rows.writerow((sample.picture, sample.label, sample.person, f"{score:.6f}", taken_for))
    return out.getvalue()
