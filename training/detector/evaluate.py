"""Measures a checkpoint, or a pack on the device's own code, on people held back from training.

Whole pictures give recall and average precision; crops beside the faces, and photographs without
people, give false boxes; composed canvases give recall by size. One threshold stands for all: the
least one that leaves no more false boxes than --false-per-1000, or the one that is given.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge.outputs import replacing
from training.detector import arguments, examination, finder, metrics
from training.detector.arguments import Sets
from training.detector.backgrounds import VALIDATION_PHOTOGRAPHS, Backgrounds, photographs
from training.detector.compose import Composer
from training.detector.examination import Empty, Watch
from training.detector.finder import Eye, Found
from training.detector.metrics import Looked, Rate
from training.label import FaceFinder
from training.sampling import Key, rng_of

HELP = """\
examples:
  # WIDER FACE as it is published
  python -m training.detector evaluate runs/wider/best.ckpt \\
      --scenes WIDER_val/images wider_face_split/wider_face_val_bbx_gt.txt --all

  # LFW's portraits (only the face nearest to the middle counts), held-back people
  python -m training.detector evaluate default --scenes lfw.tar lfw.csv --portraits lfw.tar \\
      --judge face_detection_yunet_2023mar.onnx --json detector.json
"""
SWEEP = tuple(np.round(np.arange(0.05, 1.0, 0.05), 2))
Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Seen:
    """All that a detector said: of each set of whole pictures, of empty crops, of canvases."""

    sets: dict[str, list[Looked]]
    empty: list[tuple[Empty, Found]]
    canvases: list[Looked]


def judge_of(path: Path | None) -> Callable[[Image], bool] | None:
    """Whether YuNet sees a face in a crop, with any score from `training.label.LEAST_SCORE` on."""
    if path is None:
        return None
    eye = FaceFinder(path, 0.0)
    return lambda image: bool(eye.find(image))


def see(
    eye: Eye,
    sets: Sets,
    *,
    portraits: Sequence[str],
    crops: int,
    canvases: int,
    judge: Callable[[Image], bool] | None,
    seed: int = 0,
    watch: Watch = examination.silent,
) -> Seen:
    """Runs the detector over everything. portraits: names of the sets of which only the central
    face is the truth."""
    whole = {
        one.name: examination.look(eye, one, subject=one.name in portraits, watch=watch)
        for one in sets.scenes
    }
    photos = photographs(VALIDATION_PHOTOGRAPHS)
    drawn = watch(examination.empty_crops(sets.scenes, photos, crops, seed), "no face", crops)
    empty = examination.look_at_empty(eye, iter(drawn), judge)
    composer = Composer(sets.scenes + sets.crops, Backgrounds(sets.scenes, photos),
                        eye.width, eye.height, empty=0.0)  # fmt: skip
    made = [
        composer.compose(rng_of(seed, Key(0, index)))
        for index in watch(range(canvases), "canvases", canvases)
    ]
    return Seen(whole, empty, examination.look_at_canvases(eye, made))


def figures(seen: Seen, *, allowed_per_1000: float, threshold: float | None) -> dict[str, Any]:
    """All figures as plain data: at one threshold, and over a sweep of them."""
    false = np.concatenate([np.zeros(0), *(found.scores for _, found in seen.empty)])
    count = len(seen.empty)
    at = threshold
    if at is None:
        at = metrics.threshold_for(false, int(allowed_per_1000 * count / 1000))
    groups = {**seen.sets, **({"canvases": seen.canvases} if seen.canvases else {})}
    matched = {name: metrics.match(looked) for name, looked in groups.items()}
    everything = [one for looked in seen.sets.values() for one in looked]
    together = metrics.match(everything)
    return {
        "threshold": at,
        "threshold_is": "given" if threshold is not None else f"{allowed_per_1000:g} per 1000",
        "recall": metrics.recall(together, at).plain(),
        "sets": {
            name: {
                "pictures": len(groups[name]),
                "recall": metrics.recall(one, at).plain(),
                **metrics.average_precisions(groups[name]),
                "false_boxes_per_picture": metrics.false_boxes(one, at) / len(groups[name]),
                "recall_by_height_px": {
                    band: rate.plain() for band, rate in metrics.recall_by_size(one, at).items()
                },
            }
            for name, one in matched.items()
        },
        "face_free_crops": _empties(seen.empty, at),
        "sweep": [
            {
                "threshold": float(t),
                "recall": metrics.recall(together, t).value,
                "false_per_1000_crops": 1000 * float((false >= t).sum()) / max(count, 1),
            }
            for t in SWEEP
        ],
    }


def _empties(empty: list[tuple[Empty, Found]], at: float) -> dict[str, Any]:
    """False boxes: crops with one or more, exactly as a rate, and boxes per 1,000 crops."""

    def of(part: list[tuple[Empty, Found]]) -> dict[str, Any]:
        boxes = [int((found.scores >= np.float32(at)).sum()) for _, found in part]
        with_some = Rate(sum(n > 0 for n in boxes), len(part))
        return {
            "false_boxes": sum(boxes),
            "per_1000": 1000 * sum(boxes) / max(len(part), 1),
            "crops_with_one": with_some.plain(),
        }

    sources = sorted({crop.source for crop, _ in empty})
    parts = {name: of([one for one in empty if one[0].source == name]) for name in sources}
    return {**of(empty), "by_source": parts}


def table(said: dict[str, Any]) -> Table:
    """The main figures for people."""
    out = Table(title=f"threshold {said['threshold']:.3f} ({said['threshold_is']})")
    for heading in (
        "pictures of",
        "faces",
        "recall [95 %]",
        "AP@0.5",
        "AP@0.5:0.95",
        "false/picture",
    ):
        out.add_column(heading, justify="left" if heading == "pictures of" else "right")
    for name, one in said["sets"].items():
        low, high = one["recall"]["interval"]
        out.add_row(
            name,
            str(one["recall"]["trials"]),
            f"{one['recall']['rate']:.4f} [{low:.4f}, {high:.4f}]",
            f"{one['ap50']:.4f}",
            f"{one['ap50_95']:.4f}",
            f"{one['false_boxes_per_picture']:.4f}",
        )
    crops = said["face_free_crops"]
    trials = crops["crops_with_one"]["trials"]
    out.add_row("no face", "", f"{crops['false_boxes']} boxes in {trials} crops", "", "",
                f"{crops['per_1000'] / 1000:.5f}")  # fmt: skip
    return out


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "what", type=Path, metavar="CKPT|PACK", help="best.ckpt, a pack's folder, or 'default'"
    )
    arguments.add_sets(parser)
    group = parser.add_argument_group("examination")
    option = group.add_argument
    option("--all", action="store_true", help="the sets are held back as they are: no split")
    option("--portraits", nargs="+", default=[], metavar="NAME",
           help="sets (the last part of PICTURES) whose subject is the central face")  # fmt: skip
    option("--crops-without-face", type=int, default=6000, metavar="N", help="default %(default)s")
    option(
        "--judge", type=Path, metavar="YUNET.onnx", help="leaves out crops in which it sees a face"
    )
    option("--canvases", type=int, default=1000, help="composed ones (default %(default)s)")
    option("--threshold", type=float, help="score from which a box counts")
    option("--false-per-1000", type=float, default=1.0, metavar="N",
           help="boxes allowed in 1,000 face-free crops (default %(default)s)")  # fmt: skip
    option("--json", type=Path, metavar="FILE", help="write all figures there")


def main(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    eye = finder.of_path(args.what)
    console = Console(stderr=True)
    seen = see(
        eye,
        arguments.sets(args, validation=None if args.all else True),
        portraits=[Path(name).name for name in args.portraits],
        crops=args.crops_without_face,
        canvases=args.canvases,
        judge=judge_of(args.judge),
        watch=lambda items, name, length: track(
            items, description=name, total=length, console=console
        ),
    )
    said = figures(seen, allowed_per_1000=args.false_per_1000, threshold=args.threshold)
    Console().print(table(said))
    if args.json:
        with replacing(args.json) as part:
            Path(part).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return 0
