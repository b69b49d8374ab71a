"""`train`: reads the sets, builds the network and hands both to the common loop."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import torch
from rich.console import Console

from edge.errors import UsageError
from training import cli
from training.landmarks.data import sets
from training.landmarks.dataset import FaceSet, Jitter
from training.landmarks.layouts import LAYOUTS, layout
from training.landmarks.loss import WEIGHTS, LossPlan
from training.landmarks.model import HEADS, LEAST_STEM, FaceNet
from training.landmarks.task import LandmarksTask
from training.loop import fit

NAMED_HEADS = ("points", "confidence", "pose", "age", "gender")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """`--set`, which all verbs share."""
    parser.add_argument(
        "--set",
        dest="sets",
        action="append",
        nargs="+",
        default=[],
        metavar=("KIND", "PICTURES"),
        help="a data set, may be given several times: KIND PICTURES [KEY=VALUE ...] (see below)",
    )


def add_arguments(parser: argparse.ArgumentParser, heads: Sequence[str], **plan: object) -> None:
    """Options of `train`. heads: trained by default."""
    add_data_arguments(parser)
    add = parser.add_argument
    add("--layout", choices=sorted(LAYOUTS), default="ibug68", help="default %(default)s")
    add(
        "--heads",
        default=",".join(heads),
        help=f"some of {','.join(NAMED_HEADS)} (default %(default)s); a set with embeddings= adds "
        "one that is trained along and never exported",
    )
    add("--widths", default="24,48,96,192", help="channels at strides 2-16 (default %(default)s)")
    add("--blocks", default="1,1,2", help="blocks at strides 4-16 (default %(default)s)")
    add(
        "--uncertainty",
        action="store_true",
        help="learn the tasks' weights (Kendall et al. 2018) instead of --weight",
    )
    add(
        "--weight",
        dest="weights",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of a task's loss; " + ", ".join(f"{k} {v:g}" for k, v in WEIGHTS.items()),
    )
    add(
        "--lean",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="how far the points lie to the right of the face, of the distance between the eye "
        "corners; mirrored labels lean so too (default %(default)s)",
    )
    add(
        "--pseudo",
        type=float,
        default=1.0,
        metavar="WEIGHT",
        help="of points that a network has placed, beside a person's (default %(default)s)",
    )
    add(
        "--jitter",
        dest="jitters",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the crops; " + ", ".join(f"{k} {v:g}" for k, v in vars(Jitter()).items()),
    )
    add("--points-loss", choices=("wing", "adaptive"), default="wing", help="default %(default)s")
    add("--pose-loss", choices=("wing", "geodesic"), default="wing", help="default %(default)s")
    add("--validate-faces", type=int, default=1600, metavar="N", help="default %(default)s")
    add("--init", type=Path, metavar="CKPT", help="begin with this checkpoint's weights")
    cli.add_plan_arguments(parser, **plan)  # type: ignore[arg-type]


def train(args: argparse.Namespace, name: str) -> int:
    """Runs it. Raises UsageError, DataError, CheckpointError."""
    cv2.setNumThreads(1)
    console = Console(stderr=True)
    points = layout(args.layout)
    faces, reports = sets.read_sets(args.sets, points)
    for report in reports:
        console.print(report.text(), markup=False, highlight=False, soft_wrap=True)
    training, held = sets.split(faces)
    console.print(f"{len(training)} faces for training, {len(held)} for validation")
    net = network(args, points.count, training)
    if args.init is not None:
        _initialise(net, args.init, console)
    if not 0 <= args.pseudo <= 100 or not abs(args.lean) < 0.2:
        raise UsageError("--pseudo must be 0 to 100 and --lean within 0.2")
    plan = cli.plan_from(args)
    weights = {**WEIGHTS, **_values(args.weights, "--weight", WEIGHTS)}
    jitter = _jitter(args, net)
    task = LandmarksTask(
        name,
        net,
        training,
        held,
        points,
        plan=LossPlan(
            points=args.points_loss, pose=args.pose_loss, pseudo=args.pseudo, weights=weights
        ),
        lean=args.lean,
        jitter=jitter,
        seed=plan.seed,
        validate_faces=args.validate_faces,
    )
    plan.out.mkdir(parents=True, exist_ok=True)
    result = fit(task, plan, resume=args.resume)
    summary = {
        "best_score": result.best_score,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
        "checkpoint": str(plan.out / "best.ckpt"),
    }
    print(json.dumps(summary))
    return 0


def network(args: argparse.Namespace, count: int, faces: FaceSet) -> FaceNet:
    """The network that the arguments describe. Raises UsageError."""
    heads = [h for h in args.heads.split(",") if h]
    unknown = [h for h in heads if h not in NAMED_HEADS]
    if unknown or not heads:
        raise UsageError(f"--heads: {args.heads!r} is not some of {','.join(NAMED_HEADS)}")
    if "confidence" in heads and "points" not in heads:
        raise UsageError("--heads: confidence judges the points and needs them")
    vectors = [f.embedding for f in faces.faces if f.embedding is not None]
    if vectors:
        heads.append("embedding")
    widths = _integers(args.widths, "--widths", 4)
    if widths[0] < LEAST_STEM:
        raise UsageError(f"--widths: the first must be at least {LEAST_STEM}, not {widths[0]}")
    torch.manual_seed(args.seed)
    return FaceNet(
        [h for h in HEADS if h in heads],
        count=count,
        widths=widths,
        blocks=_integers(args.blocks, "--blocks", 3),
        embedding=len(vectors[0]) if vectors else 128,
        uncertainty=args.uncertainty,
    )


def _integers(text: str, option: str, count: int) -> list[int]:
    parts = text.split(",")
    if len(parts) != count or not all(p.isdigit() and int(p) > 0 for p in parts):
        raise UsageError(f"{option} takes {count} numbers above 0, separated by commas: {text!r}")
    return [int(p) for p in parts]


def _jitter(args: argparse.Namespace, net: FaceNet) -> Jitter:
    values = dict(_values(args.jitters, "--jitter", vars(Jitter())))
    shares = ("refit", "negatives", "occluded", "photometric")
    if any(values.get(name, 0) > 1 for name in shares):
        raise UsageError(f"--jitter: {', '.join(shares)} are shares, at most 1")
    # A network without points has no second pass.
    return replace(Jitter(), **(values if "points" in net.heads else {**values, "refit": 0.0}))


def _values(words: Sequence[str], option: str, known: Mapping[str, float]) -> Mapping[str, float]:
    """NAME=VALUE words as numbers of at least 0, their names among `known`."""
    out = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            out[name] = float(value)
        except ValueError as error:
            raise UsageError(f"{option} {word}: {error}") from error
        if name not in known or not 0 <= out[name] < float("inf"):
            raise UsageError(f"{option} {word}: NAME=VALUE with NAME of {', '.join(known)}")
    return out


def _initialise(net: FaceNet, path: Path, console: Console) -> None:
    """Takes over every weight of the same name and shape, and says how many."""
    from training.checkpoint import load

    _, stored = load(path)
    own = net.state_dict()
    fits = {k: v for k, v in stored.items() if k in own and own[k].shape == v.shape}
    if not fits:
        raise UsageError(f"--init {path}: has no weight that fits this network")
    net.load_state_dict(own | fits)
    console.print(f"{len(fits)} of {len(own)} weights from {path}")
