"""Finds faces in a picture or film and draws them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.outputs import replacing, write_picture
from training.detector import finder
from training.detector.finder import Eye, Found
from training.errors import DataError

HELP = """\
examples:
  # one picture of WIDER FACE
  python -m training.detector predict runs/wider/best.ckpt --out found.png \\
      WIDER_val/images/0--Parade/0_Parade_marchingband_1_20.jpg

  # a film, through the device's own code
  python -m training.detector predict default film.mkv --out found.mp4 --json
"""
PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
FILMS = (".mp4", ".mkv", ".avi", ".mov", ".webm")
COLOUR = (80, 220, 60)


def draw(image: NDArray[np.uint8], found: Found) -> NDArray[np.uint8]:
    """A copy with the boxes and their scores."""
    out = image.copy()
    thick = max(round(min(out.shape[:2]) / 240), 1)
    for box, score in zip(found.boxes, found.scores, strict=True):
        low, high = (tuple(int(v) for v in np.round(corner)) for corner in (box[:2], box[2:]))
        cv2.rectangle(out, low, high, COLOUR, thick)
        where = (low[0], max(low[1] - 3, 10))
        cv2.putText(
            out, f"{score:.2f}", where, cv2.FONT_HERSHEY_SIMPLEX, 0.4, COLOUR, 1, cv2.LINE_AA
        )
    return out


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("what", type=Path, metavar="CKPT|PACK", help="best.ckpt, a pack's folder, or 'default'")
    option("source", type=Path, metavar="PICTURE|FILM")
    option("--out", type=Path, required=True, metavar="FILE", help="a picture; of a film an .mp4")
    option("--threshold", type=float, default=0.5, help="default %(default)s")
    option("--json", action="store_true", help="print the boxes, a line of JSON a picture")


def main(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    torch.set_num_threads(1)
    if not 0 < args.threshold < 1:
        raise UsageError(f"--threshold must be between 0 and 1, not {args.threshold:g}")
    if not args.source.is_file():
        raise DataError(f"{args.source}: no such file")
    suffix = args.source.suffix.lower()
    if suffix not in PICTURES + FILMS:
        raise UsageError(f"{args.source}: neither a picture nor a film by its name")
    eye = finder.of_path(args.what)
    if suffix in PICTURES:
        image = cv2.imread(str(args.source), cv2.IMREAD_COLOR)
        if image is None:
            raise DataError(f"{args.source}: not a picture that can be read")
        found = next(iter(eye.find([np.asarray(image, np.uint8)], args.threshold)))
        write_picture(args.out, draw(np.asarray(image, np.uint8), found))
        if args.json:
            print(_line(0, found))
        return 0
    return _film(args, eye)


def _film(args: argparse.Namespace, eye: Eye) -> int:
    if args.out.suffix.lower() != ".mp4":
        raise UsageError(f"--out of a film is an .mp4, not {args.out.name}")
    film = cv2.VideoCapture(str(args.source))
    try:
        good, image = film.read()
        if not good:
            raise DataError(f"{args.source}: not a film that can be read")
        rate = film.get(cv2.CAP_PROP_FPS) or 25.0
        with replacing(args.out) as part:
            code = cv2.VideoWriter.fourcc(*"mp4v")
            writer = cv2.VideoWriter(str(part), code, rate, image.shape[1::-1])
            if not writer.isOpened():
                raise DataError(f"{args.out}: this OpenCV cannot write films")
            number = 0
            while good:
                found = next(iter(eye.find([np.asarray(image, np.uint8)], args.threshold)))
                writer.write(draw(np.asarray(image, np.uint8), found))
                if args.json:
                    print(_line(number, found))
                number += 1
                good, image = film.read()
            writer.release()
    finally:
        film.release()
    return 0


def _line(number: int, found: Found) -> str:
    faces = [
        {"box": [round(float(v), 2) for v in box], "score": round(float(score), 4)}
        for box, score in zip(found.boxes, found.scores, strict=True)
    ]
    return json.dumps({"frame": number, "faces": faces})
