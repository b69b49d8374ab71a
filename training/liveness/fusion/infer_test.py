"""Scores a list with a fusion network, shown all sensors or some, and measures the answers.

A sensor that is not given is zeros, as in the training. The bound is stated, or chosen on another
list for each choice of sensors, so that a share of that list's living faces is refused: never on
the list that is reported. Prints a table, or everything as JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge.errors import UsageError
from edge.metrics import Rate
from edge.outputs import replacing
from edge.presentation import apcer, bound_at_bpcer, bpcer, worst
from training import checkpoint
from training.errors import DataError
from training.liveness.fusion import modalities, model
from training.liveness.fusion.task import BOUND, by_instrument, scores
from training.liveness.sources import casia_surf
from training.liveness.sources.casia_surf import ModalSample

EXAMPLES = """\
examples:
  python -m training.liveness.fusion infer-test runs/fusion-a/best.ckpt \\
      --list casia-surf/test_private_list.txt --choose casia-surf/val_private_list.txt
  # a door with colour and infrared alone
  python -m training.liveness.fusion infer-test runs/fusion-a/best.ckpt --list test.txt \\
      --given colour,ir --scores scores.csv --json
  python -m training.liveness.fusion infer-test runs/fusion-a/best.ckpt --list test.txt \\
      --every-subset
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add = parser.add_argument
    add("checkpoint", type=Path, metavar="CKPT", help="of `train`")
    add("--list", required=True, type=Path, metavar="TXT", help="lines `color depth ir label`")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--given", default="colour,depth,ir", metavar="SENSORS", help="default %(default)s"
    )
    which.add_argument("--every-subset", action="store_true", help="of the sensors, one by one")
    add("--bound", type=float, help=f"live from this score on, 0 to 1 (default {BOUND})")
    add("--choose", type=Path, metavar="TXT", help="another list to choose the bound on")
    add("--bpcer", type=float, default=0.01, help="refused of its living (default %(default)s)")
    add("--flips", action="store_true", help="36 patches a face, mirrored each way, not 9")
    add("--scores", type=Path, metavar="CSV", help="write every sample's scores")
    add("--json", action="store_true", help="print all figures as JSON, no table")


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    console = Console(stderr=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if args.bound is not None and (args.choose is not None or not 0 <= args.bound <= 1):
        raise UsageError("--bound is 0 to 1, and stated or chosen (--choose), not both")
    if not 0 <= args.bpcer < 1:
        raise UsageError(f"--bpcer is at least 0 and below 1, not {args.bpcer:g}")
    subsets = modalities.SUBSETS if args.every_subset else (modalities.parse(args.given),)
    net = model.load(*checkpoint.load(args.checkpoint))
    listed = casia_surf.read(args.list)
    chosen_on = None if args.choose is None else casia_surf.read(args.choose)
    if chosen_on and (shared := {s.person for s in listed} & {s.person for s in chosen_on}):
        raise UsageError(f"--choose: {min(shared)} is in --list as well")
    found: dict[str, NDArray[np.float64]] = {}
    results: dict[str, dict[str, Any]] = {}
    for given in subsets:
        name = "+".join(given)
        bound, how = BOUND if args.bound is None else args.bound, "stated"
        if chosen_on:
            _, live = by_instrument(chosen_on, _scored(net, chosen_on, given, args.flips, console))
            bound, how = bound_at_bpcer(live, args.bpcer), f"BPCER {args.bpcer:g} on {args.choose}"
        found[name] = _scored(net, listed, given, args.flips, console)
        results[name] = measured(listed, found[name], bound) | {"bound_from": how}
    if args.scores is not None:
        write(args.scores, listed, found)
    made_up = sum(s.simulated for s in listed)
    if args.json:
        told = {"list": str(args.list), "simulated_attacks": made_up, "given": results}
        print(json.dumps(told, indent=1))
    else:
        Console().print(table(results, f"{made_up} SIMULATED attacks" if made_up else None))
    return 0


def _scored(
    net: model.FusionNet,
    samples: Sequence[ModalSample],
    given: Sequence[str],
    flips: bool,
    console: Console,
) -> NDArray[np.float64]:
    said = scores(net, samples, given, flips=flips)
    bar = track(said, "+".join(given), len(samples), console=console, transient=True)
    return np.array(list(bar), np.float64)


def measured(
    samples: Sequence[ModalSample], found: NDArray[np.float64], bound: float
) -> dict[str, Any]:
    """Rates with exact intervals at a bound. Raises DataError when a class is missing."""
    attacks, live = by_instrument(samples, found)
    if not attacks or not len(live):
        raise DataError("error rates need living faces and attacks; the list has only one of them")
    each, refused = apcer(attacks, bound), bpcer(live, bound)
    worst_name = worst(each)
    return {
        "bound": bound,
        "acer": (each[worst_name].value + refused.value) / 2,
        "worst": worst_name,
        "bpcer": _plain(refused),
        "apcer": {name: _plain(rate) for name, rate in sorted(each.items())},
    }


def _plain(rate: Rate) -> dict[str, Any]:
    return {
        "value": rate.value,
        "errors": rate.errors,
        "trials": rate.trials,
        "interval": list(rate.interval),
    }


def write(
    path: Path, samples: Sequence[ModalSample], found: dict[str, NDArray[np.float64]]
) -> None:
    """A line a sample: its colour picture, label, and the score with each choice of sensors."""
    with replacing(path) as part, Path(part).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["colour", "label", *found])
        for i, sample in enumerate(samples):
            rows.writerow([sample.colour, sample.label, *(f"{v[i]:.6f}" for v in found.values())])


def table(results: dict[str, dict[str, Any]], title: str | None = None) -> Table:
    """One row a choice of sensors."""
    out = Table("given", "bound", "ACER", "BPCER", "worst APCER", "of", title=title)
    for name, r in results.items():
        bad = r["apcer"][r["worst"]]
        shares = [f"{v['value']:.3f} ({v['errors']}/{v['trials']})" for v in (r["bpcer"], bad)]
        out.add_row(name, f"{r['bound']:.3f}", f"{r['acer']:.3f}", *shares, r["worst"])
    return out
