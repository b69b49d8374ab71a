"""`evaluate`: a checkpoint, or a pack through the device's own code, on labelled faces."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge import packs
from edge.errors import UsageError
from edge.faces.landmarks import locate as device_locate
from edge.packs import Pack, preprocess
from training.checkpoint import load
from training.label import PackFinder
from training.landmarks import worst
from training.landmarks.data import sets
from training.landmarks.dataset import FaceSet
from training.landmarks.layouts import Layout, layout
from training.landmarks.locate import Found, Runner, locate, torch_runner
from training.landmarks.model import FaceNet, build
from training.landmarks.report import lines, report
from training.memory import channels_last

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
PARTS = ("validation", "training", "all")
SAME_FACE = 0.3
"""Overlap from which on a found box is of the labelled face."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `evaluate`, beside `--set`."""
    add = parser.add_argument
    add("what", metavar="CKPT|PACK", help="best.ckpt of a run, or a pack's folder, or 'default'")
    add("--part", choices=PARTS, default="validation", help="default %(default)s")
    add("--limit", type=int, default=0, metavar="N", help="only N faces, evenly chosen")
    add(
        "--border",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="a pack's detector sees the picture with so much grey around it: for crops that end "
        "at the chin (default %(default)s)",
    )
    add("--json", action="store_true", help="print all figures as JSON")
    add("--out", type=Path, metavar="JSON", help="write them to a file as well")
    add("--worst", type=Path, metavar="PNG", help="draw the faces whose points lie farthest off")


def evaluate(args: argparse.Namespace) -> int:
    """Raises UsageError, DataError, CheckpointError, PackError."""
    cv2.setNumThreads(1)
    console = Console(stderr=True)
    if args.what == "default" or (Path(args.what) / "manifest.toml").is_file():
        results = _of_pack(args, console)
    else:
        results = _of_checkpoint(args, console)
    text = json.dumps(results, indent=2)
    if args.out is not None:
        from edge.outputs import replacing

        with replacing(args.out) as part:
            part.write_text(text + "\n", encoding="utf-8")
    if args.json:
        print(text)
    else:
        for name, figures in results.items():
            print("\n".join(lines(figures, name)))
    return 0


def chosen(args: argparse.Namespace, points: Layout, console: Console) -> FaceSet:
    """The faces that `--set`, `--part` and `--limit` ask for."""
    faces, reports = sets.read_sets(args.sets, points)
    for each in reports:
        console.print(each.text(), markup=False, highlight=False, soft_wrap=True)
    if args.part != "all":
        training, held = sets.split(faces)
        faces = held if args.part == "validation" else training
    if args.limit < 0:
        raise UsageError(f"--limit must not be negative, not {args.limit}")
    if 0 < args.limit < len(faces):
        faces = faces.subset([int(i) for i in np.linspace(0, len(faces) - 1, args.limit)])
    return faces


def network_of(path: Path) -> tuple[FaceNet, Layout]:
    """The network of a checkpoint and its points' layout. Raises CheckpointError."""
    description, weights = load(path)
    net = build(description, weights).eval()
    return channels_last(net), layout(description["layout"])


def _of_checkpoint(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    net, points = network_of(Path(args.what))
    faces = chosen(args, points, console)
    found = locate_all(torch_runner(net), faces, points, console)
    if args.worst is not None:
        worst.sheet(args.worst, faces, found, points)
    return {"label's box": report(faces.faces, found, points)}


def locate_all(run: Runner, faces: FaceSet, points: Layout, console: Console) -> list[Found]:
    """Every face by its label's box, in batches."""
    found: list[Found] = []
    starts = range(0, len(faces), 32)
    for start in track(starts, "locating", console=console, disable=not console.is_terminal):
        part = range(start, min(start + 32, len(faces)))
        images = [faces.image(i) for i in part]
        found += locate(run, images, [faces.faces[i].box for i in part], points)
    return found


def _of_pack(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    folder = packs.pack_path(args.what)
    roles = packs.read_manifest(folder).roles
    optional = ("age_gender",) if roles.age_gender is not None else ()
    pack = packs.load(folder, optional=optional)
    points = layout(roles.landmarks.head.layout)
    faces = chosen(args, points, console)
    given: list[Found | None] = []
    own: list[Found | None] = []
    quiet = not console.is_terminal
    for i in track(range(len(faces)), "locating", console=console, disable=quiet):
        image, box = faces.image(i), faces.faces[i].box
        given.append(on_device(pack, image, box))
        mine = own_box(pack, image, box, args.border)
        own.append(None if mine is None else on_device(pack, image, mine))
    if args.worst is not None:
        worst.sheet(args.worst, faces, own, points)
    return {
        "label's box": report(faces.faces, given, points),
        "own detector's box": report(faces.faces, own, points),
    }


def on_device(pack: Pack, image: Image, box: Floats) -> Found:
    """What the device says of the face in `box`; age and gender from the detector's box."""
    said = device_locate(pack, image, box)
    pose = said.pose
    age = gender = None
    role, network = pack.manifest.roles.age_gender, pack.age_gender
    if role is not None and network is not None:
        if role.input.fit.kind != "box":
            raise UsageError(f"age_gender: crops of kind {role.input.fit.kind!r} are not made here")
        matrix = preprocess.box_matrix(role.input.fit, role.input, box)
        years, logits = network.run(preprocess.tensor(image, matrix, role.input))
        age, gender = float(years.ravel()[0]), logits.ravel()
    return Found(
        points=said.points,
        confidence=said.confidence,
        pose=None if pose is None else np.array([pose.yaw, pose.pitch, pose.roll], np.float32),
        age=age,
        gender=gender,
    )


def own_box(pack: Pack, image: Image, box: Floats, border: float) -> Floats | None:
    """The pack's detector's box of the labelled face; None when it found none of it."""
    boxes = [found for found, _, _ in PackFinder(pack, border).find(image)]
    overlaps = list(_overlaps(boxes, box))
    if not overlaps or max(overlaps) < SAME_FACE:
        return None
    return boxes[int(np.argmax(overlaps))]


def _overlaps(boxes: Sequence[Floats], box: Floats) -> Iterator[float]:
    """Intersection over union of each (4,) with (4,)."""
    for other in boxes:
        low, high = np.maximum(other[:2], box[:2]), np.minimum(other[2:], box[2:])
        inner = float(np.prod(np.maximum(high - low, 0)))
        both = float(np.prod(other[2:] - other[:2])) + float(np.prod(box[2:] - box[:2]))
        yield inner / (both - inner)
