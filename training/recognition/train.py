"""Trains a network whose embeddings tell people apart, on pictures of many people.

Margin heads (arcface, cosface, adaface, subcentre) learn a centre, or several, for each person of
the training, which torchrun's processes share out among them (Partial FC). The pair losses
(triplet, contrastive) learn nothing beside the network. 15 % of the people are held back; best.ckpt
is the network that tells those apart best.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import cv2
import torch
from rich.console import Console
from torch import nn

from edge.errors import UsageError
from training import checkpoint, cli
from training.errors import CheckpointError
from training.loop import fit
from training.recognition import crops, triplet
from training.recognition.backbones import ACTIVATIONS, BACKBONES, EMBEDDINGS, HAS_E_HEAD
from training.recognition.dataset import IdentityDataset, PeopleDataset
from training.recognition.faces import Views
from training.recognition.heads import HEADS
from training.recognition.model import Design
from training.recognition.sources import sets
from training.recognition.sources.sets import Faces
from training.recognition.task import MarginTask, PairsTask
from training.recognition.validation import Held

EXAMPLES = """\
sets (--set KIND PATH [KEY=VALUE], may be repeated):
  folder PICTURES labels=CSV   a folder or tar of PERSON/x.jpg; the crops are made by the device's
                               code from the 68 points of a label file
  rec DIR                      InsightFace's train.rec, train.idx and property, aligned already

examples:
  # MS1MV2 or CASIA-WebFace as InsightFace has them: faces_emore/train.rec, train.idx, property
  python -m training.recognition train --set rec faces_emore --backbone ir50 --head arcface \\
      --embedding 512 --batch 128 --precision bf16-mixed --out runs/ir50
  # LFW as it is unpacked: lfw/Aaron_Eckhart/Aaron_Eckhart_0001.jpg
  python -m training.label lfw.tar --detector default --points default --out lfw.csv
  python -m training.recognition train --set folder lfw.tar labels=lfw.csv --head cosface \\
      --backbone mobilefacenet --embedding 128 --out runs/lfw
  # VGGFace2: train/n000002/0001_01.jpg; 8 people x 4 pictures a step
  python -m training.label train --detector default --points default --out vgg.csv
  python -m training.recognition train --set folder train labels=vgg.csv --head triplet \\
      --batch 8 --pictures 4 --out runs/triplet
  # WebFace42M, two million people, on two machines of eight cards; --out on a disk that both see
  torchrun --nnodes=2 --nproc-per-node=8 --rdzv-endpoint=HOST:29500 -m -- \\
      training.recognition train \\
      --set rec webface42m --backbone ir100 --head cosface --rate 0.2 --precision bf16-mixed \\
      --batch 128 --out runs/large
"""

PICTURES = 4
"""Of each person in a step of the pair losses."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    group = parser.add_argument_group("data")
    add = group.add_argument
    add(
        "--set", dest="sets", action="append", nargs="+", required=True,
        metavar=("KIND", "PATH"), help="see below",
    )  # fmt: skip
    add(
        "--least-pictures", type=int, default=2, metavar="N",
        help="leave out people with fewer (default %(default)s)",
    )  # fmt: skip
    add(
        "--validate-faces", type=int, default=4000, metavar="N",
        help="about so many, of whole people (default %(default)s)",
    )  # fmt: skip
    group = parser.add_argument_group("network")
    add = group.add_argument
    add("--backbone", choices=BACKBONES, default="ir50", help="default %(default)s")
    add("--embedding", type=int, choices=EMBEDDINGS, default=512, help="default %(default)s")
    add(
        "--activation", choices=ACTIVATIONS,
        help="of IR and ResNet (default relu: PReLU stays in floating point on 8-bit devices)",
    )  # fmt: skip
    add("--dropout", type=float, help="in the E head of IR and ResNet (default 0.4)")
    add("--width", type=float, default=1.0, help="multiple of the channels (default %(default)s)")
    add("--scale", choices=crops.SCALES, default="grey", help="of grey levels (default grey)")
    add("--init", type=Path, metavar="CKPT", help="begin with these weights")
    group = parser.add_argument_group("loss")
    add = group.add_argument
    add("--head", choices=(*HEADS, *triplet.LOSSES), default="arcface", help="default %(default)s")
    add(
        "--margin", type=float,
        help="default: the paper's (arcface, subcentre 0.5, cosface 0.35, adaface 0.4, "
        "triplet 0.2, contrastive 1)",
    )  # fmt: skip
    add("--logit-scale", type=float, metavar="S", help="of margin heads (default 64)")
    add("--centres", type=int, metavar="K", help="of a person, for subcentre (default 3)")
    add(
        "--rate", type=float,
        help="share of a process's people that take part in a step, for margin heads (default 1)",
    )  # fmt: skip
    add(
        "--pictures", type=int, metavar="K",
        help=f"of each person in a step, for pair losses, whose --batch counts people "
        f"(default {PICTURES})",
    )  # fmt: skip
    group = parser.add_argument_group("views")
    add, base = group.add_argument, Views()
    add("--strength", type=float, default=base.strength, help="of light and lens")
    add("--covered", type=float, default=base.covered, help="share with a hand or bar before it")
    add("--small", type=float, default=base.small, help="share seen from far")
    cli.add_plan_arguments(parser, epochs=20, batch=64, lr=1e-3, weight_decay=0.01)


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code. Raises UsageError, DataError, CheckpointError."""
    cv2.setNumThreads(1)
    plan = cli.plan_from(args)
    first = int(os.environ.get("RANK", "0")) == 0
    console = Console(stderr=True, quiet=not first)
    design, views = _design(args), _views(args)
    _check_loss_options(args)
    for name, least in (("least_pictures", 1), ("validate_faces", 2)):
        if getattr(args, name) < least:
            raise UsageError(f"--{name.replace('_', '-')} must be at least {least}")
    pairs = args.head in triplet.LOSSES
    least = max(args.least_pictures, 2) if pairs else args.least_pictures
    training, held, notes = sets.split([sets.read_set(words) for words in args.sets], least)
    held = sets.thinned(held, args.validate_faces)
    for note in notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{len(training)} faces of {training.people} people for training, {len(held)} of "
        f"{held.people} held back"
    )
    torch.manual_seed(plan.seed)
    task = _task(args, design, _network(design, args.init), training, Held(held), views)
    joint = plan.batch * int(os.environ.get("WORLD_SIZE", "1"))
    if joint > len(task.train):
        raise UsageError(f"--batch: {joint} samples a step, but the sets have {len(task.train)}")
    if plan.batch < 2 and not pairs:
        raise UsageError("--batch must be at least 2: batch normalisation compares samples")
    if first:
        # Read now: a picture that cannot be shows before hours of training, not after.
        _ = task.held.images
    result = fit(task, plan, resume=args.resume)
    if first:
        summary = {
            "score": task.score,
            "best_score": result.best_score,
            "best_epoch": result.best_epoch,
            "steps": result.steps,
            "checkpoint": str(plan.out / "best.ckpt"),
        }
        print(json.dumps(summary))
    return 0


def _design(args: argparse.Namespace) -> Design:
    options: dict[str, Any] = {"width": args.width}
    if not 0.05 <= args.width <= 4:
        raise UsageError(f"--width must be 0.05 to 4, not {args.width:g}")
    if args.backbone in HAS_E_HEAD:
        dropout = 0.4 if args.dropout is None else args.dropout
        if not 0 <= dropout < 1:
            raise UsageError(f"--dropout must be at least 0 and below 1, not {dropout:g}")
        options |= {"activation": args.activation or "relu", "dropout": dropout}
    else:
        for name in ("activation", "dropout"):
            if getattr(args, name) is not None:
                raise UsageError(f"--{name} is for {', '.join(sorted(HAS_E_HEAD))} alone")
    return Design(args.backbone, args.embedding, args.scale, options)


def _views(args: argparse.Namespace) -> Views:
    for name in ("covered", "small"):
        if not 0 <= (share := getattr(args, name)) <= 1:
            raise UsageError(f"--{name} is a share, 0 to 1, not {share:g}")
    if not 0 <= args.strength <= 2:
        raise UsageError(f"--strength must be 0 to 2, not {args.strength:g}")
    return Views(strength=args.strength, covered=args.covered, small=args.small)


def _check_loss_options(args: argparse.Namespace) -> None:
    """An option that the head does not have is an error, not ignored."""
    margin, pairs = tuple(HEADS), tuple(triplet.LOSSES)
    owners = {
        "logit_scale": margin, "rate": margin, "centres": ("subcentre",), "pictures": pairs,
    }  # fmt: skip
    for name, heads in owners.items():
        if getattr(args, name) is not None and args.head not in heads:
            raise UsageError(f"--{name.replace('_', '-')} is for --head {', '.join(heads)} alone")


def _network(design: Design, init: Path | None) -> nn.Module:
    """With its first weights. Raises CheckpointError when those of `init` are of another."""
    net = design.build()
    if init is not None:
        description, weights = checkpoint.load(init)
        try:
            net.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(
                f"--init {init}: weights of another network, {description}: {error}"
            ) from error
    return net


def _task(
    args: argparse.Namespace,
    design: Design,
    net: nn.Module,
    training: Faces,
    held: Held,
    views: Views,
) -> MarginTask | PairsTask:
    """Raises UsageError for a margin, scale or rate out of bounds."""
    chosen: dict[str, Any] = {} if args.margin is None else {"margin": args.margin}
    how = {"head": args.head, "people": training.people, **chosen}
    if args.head in triplet.LOSSES:
        count = PICTURES if args.pictures is None else args.pictures
        data = PeopleDataset(training, views, args.seed, count)
        loss = triplet.loss_of(args.head, **chosen)
        return PairsTask(design, net, data, held, {**how, "pictures": count}, loss=loss)
    if args.logit_scale is not None:
        chosen["scale"] = args.logit_scale
    if args.centres is not None:
        chosen["centres"] = args.centres
    rate = 1.0 if args.rate is None else args.rate
    how |= {**chosen, "rate": rate}
    faces = IdentityDataset(training, views, args.seed)
    head = HEADS[args.head](**chosen)
    return MarginTask(design, net, faces, held, how, head=head, rate=rate, seed=args.seed)
