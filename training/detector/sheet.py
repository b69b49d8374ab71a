"""A sheet of faces from small to larger than the frame, upright, turned, half-lit and covered.

Each tile shows one of --each faces of that kind; its caption says how many of them were found.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.outputs import replacing, write_picture
from training import augment
from training.detector import arguments, examination, finder, geometry
from training.detector.arguments import Sets
from training.detector.backgrounds import VALIDATION_PHOTOGRAPHS, Backgrounds, photographs
from training.detector.canvas import lay
from training.detector.examination import CERTAIN
from training.detector.finder import Eye
from training.detector.geometry import Turn
from training.detector.predict import draw
from training.errors import DataError

HELP = """\
example:
  # LFW as it is published: lfw/PERSON/PERSON_0001.jpg, labelled by `python -m training.label`
  python -m training.detector sheet runs/detector/best.ckpt --scenes lfw.tar lfw.csv \\
      --threshold 0.5 --out sheet.png
"""
Image = NDArray[np.uint8]
WIDTH, HEIGHT = 640, 480
HEIGHTS = (40, 64, 110, 200, 340, 480)
"""Of the faces, in pixels of a 640 x 480 frame."""
KINDS = ("upright", "+30 deg", "-30 deg", "half-lit", "hand")


def make(
    sets: Sets, backgrounds: Backgrounds, kind: str, height: int, rng: np.random.Generator
) -> tuple[Image, NDArray[np.float32]]:
    """A frame (480, 640, 3) BGR with one face of that height before turning, and its box (4,)."""
    # Close faces come from the crops, which have more pixels; others from whole pictures.
    near = sets.crops if height >= 200 and sets.crops else sets.scenes
    source = near[int(rng.integers(len(near)))]
    lone = [e for e in source.entries if len(e.scores) == 1 and e.scores[0] >= CERTAIN]
    if not lone:
        raise DataError(f"{source.pictures.source}: no picture of one certain face alone")
    entry = lone[int(rng.integers(len(lone)))]
    box = entry.boxes[0]
    turn = Turn(angle=float(np.radians({"+30 deg": 30, "-30 deg": -30}.get(kind, 0))))
    room = [max(size - 1.1 * height, 0) for size in (WIDTH, HEIGHT)]
    centre = (
        WIDTH / 2 + room[0] * rng.uniform(-0.5, 0.5),
        HEIGHT / 2 + room[1] * rng.uniform(-0.5, 0.5),
    )
    matrix = geometry.placed(box, turn, float(height), centre)
    frame = backgrounds.fill(rng, WIDTH, HEIGHT)
    picture = source.read(entry.name)
    if height < box[3] - box[1]:  # warping alone would alias
        scale = height / float(box[3] - box[1])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        ratio = np.array([picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0]])
        grown = np.array([[ratio[0], 0, (ratio[0] - 1) / 2], [0, ratio[1], (ratio[1] - 1) / 2]])
        matrix = matrix @ np.vstack([grown, [0, 0, 1]])
        carried = geometry.carried(((box + 0.5) / np.tile(ratio, 2) - 0.5)[None], matrix)[0]
        picture = np.asarray(small, np.uint8)
    else:
        carried = geometry.carried(box[None], matrix)[0]
    extent = np.array([-0.5, -0.5, picture.shape[1] - 0.5, picture.shape[0] - 0.5])
    lay(frame, (0, 0, WIDTH, HEIGHT), picture, matrix, [("soft", extent)])
    if kind == "half-lit":
        frame = augment.half_lit(frame, rng)
    elif kind == "hand":
        frame = augment.muffled(frame, rng, carried)
    return frame, carried


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "what", type=Path, metavar="CKPT|PACK", help="best.ckpt, a pack's folder, or 'default'"
    )
    arguments.add_sets(parser)
    group = parser.add_argument_group("sheet")
    group.add_argument("--out", type=Path, required=True, metavar="PNG")
    group.add_argument("--threshold", type=float, default=0.5, help="default %(default)s")
    group.add_argument("--each", type=int, default=40, help="faces of a kind (default %(default)s)")
    group.add_argument("--seed", type=int, default=0, help="default %(default)s")
    group.add_argument("--json", type=Path, metavar="FILE", help="how many of each were found")


def main(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    eye = finder.of_path(args.what)
    sets = arguments.sets(args, validation=True)
    backgrounds = Backgrounds(sets.scenes, photographs(VALIDATION_PHOTOGRAPHS))
    rng = np.random.default_rng(args.seed)
    rows, counts = [], []
    for height in track(HEIGHTS, description="sheet", console=Console(stderr=True)):
        tiles = []
        for kind in KINDS:
            tile, hits = _tile(eye, sets, backgrounds, kind, height, args, rng)
            tiles.append(tile)
            counts.append({"height": height, "kind": kind, "found": hits, "of": args.each})
        rows.append(np.hstack(tiles))
    write_picture(args.out, np.vstack(rows))
    if args.json:
        with replacing(args.json) as part:
            Path(part).write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    return 0


def _tile(
    eye: Eye,
    sets: Sets,
    backgrounds: Backgrounds,
    kind: str,
    height: int,
    args: argparse.Namespace,
    rng: np.random.Generator,
) -> tuple[Image, int]:
    made = [make(sets, backgrounds, kind, height, rng) for _ in range(args.each)]
    found = list(eye.find((frame for frame, _ in made), args.threshold))
    hits = sum(examination.overlaps(one, box) for one, (_, box) in zip(found, made, strict=True))
    tile = cv2.resize(
        draw(made[0][0], found[0]), (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA
    )
    text = f"{height} px {kind}: {hits} of {args.each}"
    tile[:22] = 0
    cv2.putText(tile, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,) * 3, 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8), hits
