"""Trains a fusion network on small patches of three sensors, with modalities taken away at random.

SGD with warm restarts; each cycle leaves its best and its last epoch, best.ckpt is the best of all
by the ACER of the validation list. Living faces and attacks are shown equally often. The test list
has no part in it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import cv2
import torch
from rich.console import Console

from edge.errors import UsageError
from training import cli
from training.liveness.fusion.model import UNITS, Design
from training.liveness.fusion.task import FusionTask
from training.liveness.sources import casia_surf
from training.loop import fit

EXAMPLES = """\
examples:
  python -m training.liveness.fusion train --list casia-surf/train_list.txt \\
      --held casia-surf/val_private_list.txt --network A --patch 32 --out runs/fusion-a
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add = parser.add_argument
    add("--list", required=True, type=Path, metavar="TXT", help="lines `color depth ir label`")
    add("--held", required=True, type=Path, metavar="TXT", help="... to choose the epoch by")
    add("--network", choices=sorted(UNITS), default="A", help="default %(default)s")
    add("--patch", type=int, default=32, help="side, pixels of 112 (default %(default)s)")
    add("--width", type=int, default=64, help="of the first stage (default %(default)s)")
    cli.add_restart_arguments(parser, batch=128, lr=0.1)


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    console = Console(stderr=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    plan, regime = cli.restarts_from(args)
    train, held = casia_surf.read(args.list), casia_surf.read(args.held)
    if shared := {s.person for s in train} & {s.person for s in held}:
        raise UsageError(f"{min(shared)} is in the training and held back from it as well")
    for name, part in (("training", train), ("held back", held)):
        count = Counter(s.label for s in part)
        told = ", ".join(f"{n} {label}" for label, n in count.most_common())
        console.print(f"{name}: {told}", markup=False, soft_wrap=True)
    try:
        design = Design(args.network, args.patch, args.width)
    except ValueError as error:
        raise UsageError(str(error)) from error
    torch.manual_seed(plan.seed)
    task = FusionTask(design, train, held, regime, plan.seed)
    result = fit(task, plan, resume=args.resume)
    console.print(f"best ACER {result.best_score:.4f} in epoch {result.best_epoch + 1}")
    return 0
