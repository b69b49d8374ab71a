"""Composed canvases as pictures on disk: small, turned and covered faces to calibrate 8 bits with.

Whole pictures have faces of one size; ranges that were found on them alone lose small faces. Each
canvas lies in a folder of its own, which `training.split` puts on a side: those on the side held
back show people held back.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from edge.errors import UsageError
from edge.outputs import write_picture
from training.detector import arguments
from training.detector.backgrounds import TRAINING_PHOTOGRAPHS, VALIDATION_PHOTOGRAPHS
from training.detector.train import composer_of
from training.sampling import Key, rng_of
from training.split import is_validation

HELP = """\
example:
  python -m training.detector canvases --scenes lfw.tar lfw.csv --count 200 --out canvases
"""


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    arguments.add_sets(parser)
    group = parser.add_argument_group("canvases")
    arguments.add_size(group)
    group.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    group.add_argument("--count", type=int, default=200, help="default %(default)s")
    group.add_argument("--small", type=float, default=0.5, help="share of small faces")
    group.add_argument("--seed", type=int, default=0, help="default %(default)s")


def main(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    if args.count < 1:
        raise UsageError(f"--count must be at least 1, not {args.count}")
    if args.out.exists():
        raise UsageError(f"{args.out}: exists already")
    cv2.setNumThreads(1)
    composers = {
        side: composer_of(
            arguments.sets(args, validation=side),
            args.width,
            args.height,
            VALIDATION_PHOTOGRAPHS if side else TRAINING_PHOTOGRAPHS,
            empty=0.1,
            small=args.small,
        )
        for side in (False, True)
    }
    for i in track(range(args.count), "composing", console=Console(stderr=True), transient=True):
        name = f"canvas{i:05d}"
        image, _, _ = composers[is_validation(name)].compose(rng_of(args.seed, Key(0, i)))
        (args.out / name).mkdir(parents=True)
        write_picture(args.out / name / f"{name}.png", np.ascontiguousarray(image))
    return 0
