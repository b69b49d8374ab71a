"""Trains the detector on composed canvases, and validates it on people held back."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from edge.errors import UsageError
from training import checkpoint, cli
from training.detector import arguments, examination, finder, metrics
from training.detector.anchors import cluster, levels
from training.detector.arguments import Sets
from training.detector.backbones import BACKBONES
from training.detector.backgrounds import (
    TRAINING_PHOTOGRAPHS,
    VALIDATION_PHOTOGRAPHS,
    Backgrounds,
    photographs,
)
from training.detector.compose import Composer
from training.detector.dataset import Batch, Canvases, collate
from training.detector.geometry import TURNED
from training.detector.loss import BOX_LOSSES, Loss
from training.detector.model import Anchors, Design, Detector, macs
from training.errors import CheckpointError
from training.loop import fit
from training.memory import channels_last
from training.sampling import Key, rng_of

Image = NDArray[np.uint8]
HARD_SCORE = 0.1
"""A face-free crop with a find of that score is hard."""
HELP = """\
examples:
  # WIDER FACE as it is published: WIDER_train/images/0--Parade/0_Parade_marchingband_1_849.jpg
  python -m training.detector train --out runs/wider \\
      --scenes WIDER_train/images wider_face_split/wider_face_train_bbx_gt.txt

  # LFW, whole pictures, and UTKFace, tight crops, labelled by `python -m training.label`
  python -m training.detector train --out runs/detector \\
      --scenes lfw.tar lfw.csv --crops utkface.tar utkface.csv --epochs 20 --batch 32
"""


def normalised(image: Tensor) -> Tensor:
    """(N, 3, H, W) uint8 as `Design.spec` says: -1..1."""
    value = (image.float() - 127.5) / 127.5
    return value.contiguous(memory_format=torch.channels_last)


class DetectorTask:
    """The detector as `training.loop.fit` wants it. validation: of people held back."""

    name = "detector"
    score = "quality"
    lower_is_better = False
    collate: Callable[[list[Any]], Any] | None = staticmethod(collate)

    def __init__(
        self,
        design: Design,
        train: Canvases,
        loss: Loss,
        validation: Sets,
        crops: int = 2000,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.design, self.train = design, train
        self.module: nn.Module = channels_last(Detector(design))
        if weights is not None:
            try:
                self.module.load_state_dict(weights)
            except RuntimeError as error:
                raise CheckpointError(f"--init: weights of another network: {error}") from error
        self._loss, self._validation, self._crops = loss, validation, crops
        self._photos = photographs(VALIDATION_PHOTOGRAPHS)

    def loss(self, module: nn.Module, batch: Batch) -> dict[str, Tensor]:
        return self._loss(module(normalised(batch.image)), batch)

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Recall and precision on whole pictures, and recall at the threshold that leaves one
        false box in 1,000 face-free crops; `quality` is half of that and half of ap50_95."""
        eye = finder.of_module(module, self.design)
        looked = []
        for source in self._validation.scenes:
            looked += examination.look(eye, source, subject=False, most=400)
        crops = examination.empty_crops(self._validation.scenes, self._photos, self._crops)
        empty = examination.look_at_empty(eye, crops)
        false = np.concatenate([np.zeros(0), *(found.scores for _, found in empty)])
        threshold = metrics.threshold_for(false, len(empty) // 1000)
        matched = metrics.match(looked)
        figures = metrics.average_precisions(looked)
        figures["recall_at_1_in_1000"] = metrics.recall(matched, threshold).value
        figures["threshold"] = threshold
        figures["quality"] = (figures["recall_at_1_in_1000"] + figures["ap50_95"]) / 2
        return figures

    def description(self) -> dict[str, Any]:
        return self.design.plain()


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    arguments.add_sets(parser)
    group = parser.add_argument_group("network")
    group.add_argument("--backbone", choices=BACKBONES, default="edge", help="default %(default)s")
    arguments.add_size(group)
    group.add_argument(
        "--init", type=Path, metavar="CKPT", help="start from its averaged weights and its anchors"
    )
    group.add_argument(
        "--anchors",
        metavar="W,H",
        nargs="+",
        type=arguments.anchor,
        help="from small to large, the same number for strides 8, 16 and 32 (default: found on "
        "composed canvases)",
    )
    group = parser.add_argument_group("data and loss")
    group.add_argument(
        "--mine",
        type=int,
        default=0,
        metavar="N",
        help="look at N face-free training crops with --init first, and train on those in which it "
        "saw a face",
    )
    group.add_argument(
        "--canvases", type=int, default=20_000, help="of an epoch (default %(default)s)"
    )
    group.add_argument("--empty", type=float, default=0.25, help="share of canvases without a face")
    group.add_argument(
        "--turned", type=float, default=TURNED, help="share of faces turned evenly up to 38 degrees"
    )
    group.add_argument(
        "--small",
        type=float,
        default=0.0,
        help="share of canvases whose face has 16 to 36 pixels, beside those that chance makes so",
    )
    group.add_argument("--mosaic", type=float, default=0.25, help="share of mosaics")
    group.add_argument("--box", choices=BOX_LOSSES, default="ciou", help="default %(default)s")
    group.add_argument("--focal", type=float, default=0.0, help="exponent (default: cross-entropy)")
    group.add_argument(
        "--validation-crops",
        type=int,
        default=2000,
        metavar="N",
        help="face-free crops that are looked at after each epoch (default %(default)s)",
    )
    cli.add_plan_arguments(
        parser, epochs=20, batch=32, lr=2e-3, weight_decay=5e-4, precision="32-true"
    )


def composer_of(
    sets: Sets, width: int, height: int, photos: tuple[str, ...], **kw: Any
) -> Composer:
    """Canvases of one side of the data."""
    backgrounds = Backgrounds(sets.scenes, photographs(photos))
    return Composer(sets.scenes + sets.crops, backgrounds, width, height, **kw)


def mined(path: Path, training: Sets, count: int, seed: int, console: Console) -> list[Image]:
    """Of `count` face-free crops of the training side, those in which a checkpoint sees a face.

    Hard examples, looked for once before the training (Sung and Poggio 1998).
    """
    eye = finder.of_checkpoint(path)
    photos = photographs(TRAINING_PHOTOGRAPHS)
    crops = examination.empty_crops(training.scenes, photos, count, seed + 1)
    shown = track(crops, description="mining", total=count, console=console)
    seen = examination.look_at_empty(eye, iter(shown))
    hard = [crop.image for crop, found in seen if (found.scores >= HARD_SCORE).any()]
    console.print(f"{len(hard)} of {len(seen)} face-free crops are hard")
    return hard


def anchors_of(
    composer: Composer, count: int, seed: int, canvases: int = 2000
) -> tuple[Anchors, float]:
    """Anchors of the faces that a composer makes, and their mean IoU with them."""
    sizes = []
    for index in range(canvases):
        _, boxes, sure = composer.compose(rng_of(seed, Key(0, index)))
        sizes.append(boxes[sure, 2:] - boxes[sure, :2])
    centres, fit_ = cluster(np.concatenate(sizes), count)
    return levels(centres), fit_


def main(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    console = Console(stderr=True)
    plan = cli.plan_from(args)
    if args.mine and not args.init:
        raise UsageError("--mine needs --init: the network whose errors are looked for")
    for name in ("empty", "mosaic", "turned", "small"):
        if not 0 <= (share := getattr(args, name)) <= 1:
            raise UsageError(f"--{name} is a share, 0 to 1, not {share:g}")
    torch.set_num_threads(1)
    # Before OpenCV starts threads of its own: a forked loader would wait for them for ever.
    cv2.setNumThreads(1)
    training, validation = arguments.sets(args, validation=False), arguments.sets(args, True)
    composer = composer_of(
        training, args.width, args.height, TRAINING_PHOTOGRAPHS,
        empty=args.empty, mosaic=args.mosaic, turned=args.turned, small=args.small,
    )  # fmt: skip
    weights = None
    if args.init:
        description, weights = checkpoint.load(args.init)
        anchors = Design.of(description).anchors
    elif args.anchors:
        anchors = levels(np.array(args.anchors))
    else:
        anchors = anchors_of(composer, 6, plan.seed)[0]
    design = Design(args.backbone, args.width, args.height, anchors)
    if args.mine:
        composer.backgrounds.hard = mined(args.init, training, args.mine, plan.seed, console)
    torch.manual_seed(plan.seed)
    console.print(
        f"{design.backbone} {design.width}x{design.height}, {macs(design) / 1e6:.0f} MMAC, "
        f"anchors {anchors}",
        markup=False,
    )
    task = DetectorTask(
        design,
        Canvases(composer, args.canvases, plan.seed),
        Loss(design, box=args.box, focal=args.focal),
        validation,
        args.validation_crops,
        weights,
    )
    result = fit(task, plan, resume=args.resume)
    console.print(f"best quality {result.best_score:.4f} in epoch {result.best_epoch + 1}")
    return 0
