"""Measures anew what the surface's answer is allowed, of weights that several runs averaged.

Each run measured this for itself on the people held back. The mean of several runs' weights answers
otherwise than any of them, and the mean of what they found does not fit it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from edge.errors import UsageError
from training import checkpoint
from training.liveness import crops, samples
from training.liveness.model import load
from training.liveness.samples import picture
from training.liveness.task import LiveTask, allowance, by_label, margins, scores, summary

EXAMPLES = """\
examples:
  python -m training.average runs/a/last.ckpt runs/b/last.ckpt --out mean.ckpt
  python -m training.liveness allow mean.ckpt --held held/list.csv --held staged/list.csv \\
      --out live.ckpt
"""
BUFFER = "net.allowance"
"""Its name among a checkpoint's weights."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add = parser.add_argument
    add("checkpoint", type=Path, metavar="CKPT", help="weights of the door's network")
    add(
        "--held",
        action="append",
        required=True,
        type=Path,
        metavar="LIST",
        help="presentations of people held back from all of the runs; may be repeated",
    )
    add("--leave-out", nargs="+", default=[], metavar="INSTRUMENT", help="not in the figures")
    add("--out", type=Path, required=True, metavar="CKPT", help="where the weights are written")
    add("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Raises CheckpointError, DataError, UsageError, OSError."""
    content = checkpoint.read(args.checkpoint)
    if content["task"] != LiveTask.name or BUFFER not in content["ema"]:
        raise UsageError(f"{args.checkpoint}: not weights of `training.liveness train`")
    net = load(content["description"], content["ema"])
    held = [s for path in args.held for s in samples.read(path)]
    if unknown := sorted(set(args.leave_out) - {s.label for s in held if not s.live}):
        raise UsageError(f"--leave-out {unknown[0]}: no such instrument in what is held back")
    held = [s for s in held if s.label not in args.leave_out]
    if len({s.live for s in held}) < 2:
        raise UsageError("--held: living faces and attacks are both needed")
    console, spec = Console(stderr=True), net.design.spec
    cut = [
        crops.planes(crops.cut(picture(s), s.box, spec))
        for s in track(held, "cutting", console=console, transient=True)
    ]
    images = torch.from_numpy(np.stack(cut))
    before = summary(by_label(held, scores(net, images)))
    living = torch.tensor([s.live for s in held])
    was, now = float(net.allowance), allowance(*margins(net, images[living]))
    net.allowance.fill_(now)
    after = summary(by_label(held, scores(net, images)))
    content["ema"][BUFFER] = torch.tensor(now, dtype=content["ema"][BUFFER].dtype)
    kept = ("task", "description", "ema", "position")
    checkpoint.save(args.out, {name: content[name] for name in kept})
    told = {"allowance": {"before": was, "after": now}, "before": before, "after": after}
    if args.json:
        print(json.dumps(told, indent=2, allow_nan=False))
    else:
        _tell(told)
    return 0


def _tell(told: dict[str, Any]) -> None:
    before, after = told["before"], told["after"]
    print(f"allowance {told['allowance']['before']:.3f} -> {told['allowance']['after']:.3f}")
    for name in before:
        print(f"{name} {before[name]:.4f} -> {after[name]:.4f}")
