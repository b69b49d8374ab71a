"""Trains ResNet-18 on small patches of faces, with warm restarts.

Each cycle leaves its epoch with the lowest ACER on people held back (`cycle-1-best.ckpt`) and its
last (`cycle-1-last.ckpt`); best.ckpt is the best of all. Half of what the network is shown is
live, the instruments share the other half. A list to report on has no business here.
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
from training.liveness.patches import lists
from training.liveness.patches.dataset import Patches
from training.liveness.patches.model import PATCHES, Design
from training.liveness.patches.task import PatchTask
from training.liveness.store import Store
from training.loop import fit

EXAMPLES = """\
examples:
  # CASIA-SURF, colour alone; people are held back from its training list
  python -m training.liveness.patches train --list CASIA-SURF/train_list.txt \\
      --cycle-num 5 --cycle-inter 50 --out runs/patches
  # lists that training.liveness generate made, patches of 48 pixels, short cycles
  python -m training.liveness.patches train --list attacks/list.csv --held held/list.csv \\
      --patch 48 --cycle-num 3 --cycle-inter 10 --out runs/patches48
  # a few thousand pictures, such as `training.liveness.fusion make-set` makes: smaller steps
  python -m training.liveness.patches train --list made-up/train_list.txt \\
      --held made-up/val_private_list.txt --patch 48 --batch 32 --lr 0.02 \\
      --cycle-num 3 --cycle-inter 8 --out runs/patches-made-up
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    group = parser.add_argument_group("data")
    add = group.add_argument
    add(
        "--list",
        action="append",
        required=True,
        type=Path,
        metavar="LIST",
        help="presentations: .csv of training.liveness, .txt of CASIA-SURF; may be repeated",
    )
    add(
        "--held",
        action="append",
        default=[],
        type=Path,
        metavar="LIST",
        help="... of other people, to choose epochs by (default: some people of --list); may be "
        "repeated",
    )
    add("--cache", type=Path, metavar="DIR", help="where cut crops are kept (default: --out)")
    add(
        "--bound",
        type=_bound,
        default=None,
        metavar="B",
        help="a number, or 'validation' (default): where the ACER on --held is least",
    )
    group = parser.add_argument_group("network")
    add = group.add_argument
    add(
        "--patch",
        type=int,
        choices=PATCHES,
        default=Design.patch,
        help="pixels a side, now and ever after (default %(default)s)",
    )
    add(
        "--scale",
        type=float,
        default=Design.scale,
        help="side of the face in sizes of its box (default %(default)s)",
    )
    add(
        "--widths",
        type=int,
        nargs="+",
        default=Design.widths,
        metavar="N",
        help="channels of the stages (default: ResNet-18's)",
    )
    cli.add_restart_arguments(parser, batch=256, lr=0.1)


def _bound(text: str) -> float | None:
    if text == "validation":
        return None
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    console = Console(stderr=True)
    plan, regime = cli.restarts_from(args)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    design = Design(args.patch, args.scale, tuple(args.widths))
    train = lists.read(args.list)
    if args.held:
        held = lists.read(args.held)
    else:
        train, held = lists.split(train)
    lists.apart(train, held)
    if len(train) < plan.batch:
        raise UsageError(f"--batch {plan.batch}: there are only {len(train)} samples to train on")
    torch.manual_seed(plan.seed)
    store = Store.of(train, design.spec, args.cache or plan.out, console)
    patches = Patches(store, design.patch, plan.seed)
    task = PatchTask(design, patches, held, regime, bound=args.bound)
    count = Counter(s.label for s in train)
    console.print(
        f"{len(train)} samples of {len({s.person for s in train})} people: "
        + ", ".join(f"{n} {label}" for label, n in sorted(count.items()))
        + f"; held back: {len(held)} of {len({s.person for s in held})} people"
    )
    result = fit(task, plan, resume=args.resume)
    console.print(
        f"least ACER {result.best_score:.4f} (epoch {result.best_epoch + 1}) on the people held "
        f"back, by which the epoch was chosen: {plan.out / 'best.ckpt'}"
    )
    return 0
