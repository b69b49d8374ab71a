"""Finds anchors by k-means with the distance 1 - IoU, on a data set or on composed canvases."""

from __future__ import annotations

import argparse
import json

import cv2
import numpy as np

from edge.errors import UsageError
from training.detector import arguments
from training.detector.anchors import cluster, levels
from training.detector.backgrounds import TRAINING_PHOTOGRAPHS
from training.detector.model import STRIDES
from training.detector.sources import FaceSet
from training.detector.train import anchors_of, composer_of
from training.errors import DataError

HELP = """\
examples:
  # WIDER FACE as it is published, its pictures letterboxed to the input
  python -m training.detector anchors --count 9 --width 416 --height 416 \\
      --scenes WIDER_train/images wider_face_split/wider_face_train_bbx_gt.txt

  # of the canvases that `train` composes
  python -m training.detector anchors --scenes lfw.tar lfw.csv --composed 2000
"""


def letterboxed(source: FaceSet, width: int, height: int) -> np.ndarray:
    """Sizes (n, 2) of the sure faces of a set in pixels of the network's input."""
    found = []
    for entry in source.entries:
        image = cv2.imdecode(
            np.frombuffer(source.pictures.data(entry.name), np.uint8), cv2.IMREAD_COLOR
        )
        if image is None:
            raise DataError(f"{source.pictures.source}: {entry.name}: not a picture")
        scale = min(width / image.shape[1], height / image.shape[0])
        boxes = entry.boxes[entry.sure]
        found.append((boxes[:, 2:] - boxes[:, :2]) * scale)
    return np.concatenate(found)


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    arguments.add_sets(parser)
    group = parser.add_argument_group("anchors")
    group.add_argument("--count", type=int, default=6, help="a multiple of 3 (default %(default)s)")
    arguments.add_size(group)
    group.add_argument(
        "--composed", type=int, default=0, metavar="N", help="of N composed canvases"
    )
    group.add_argument("--seed", type=int, default=0, help="default %(default)s")
    group.add_argument("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    if args.count < 1 or args.count % len(STRIDES):
        raise UsageError(f"--count must be a multiple of {len(STRIDES)}, not {args.count}")
    cv2.setNumThreads(1)
    training = arguments.sets(args, validation=False)
    if args.composed:
        composer = composer_of(training, args.width, args.height, TRAINING_PHOTOGRAPHS)
        anchors, fit = anchors_of(composer, args.count, args.seed, args.composed)
    else:
        every = [
            letterboxed(one, args.width, args.height) for one in training.scenes + training.crops
        ]
        centres, fit = cluster(np.concatenate(every), args.count, seed=args.seed)
        anchors = levels(centres)
    if args.json:
        print(json.dumps({"anchors": anchors, "mean_iou": fit}))
    else:
        print(" ".join(f"{w:g},{h:g}" for level in anchors for w, h in level))
        print(f"mean IoU with the nearest anchor: {fit:.4f}")
    return 0
