"""Draws on the frames of a film: the face's box, its live score, and the decision over frames.

Faces are found by a pack's detector, as at the door; the surest one is judged. The decision is the
mean of the last scores held against the bound. A frame without a face ends the row of scores, and
there is no decision until there are enough of them again.
"""

from __future__ import annotations

import argparse
import json
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge import packs
from edge.cameras import Camera, Frame, open_camera
from edge.errors import CameraError, UsageError
from edge.faces.detect import detect
from edge.outputs import replacing
from edge.render.film import FilmWriter
from edge.render.paint import AMBER, DIM, GREEN, PANEL, RED, brackets, fit_text, text
from training.errors import DataError
from training.liveness.patches import scorer

EXAMPLES = """\
examples:
  python -m training.liveness.patches predict runs/patches/best.ckpt --film visitor.mkv \\
      --out visitor-judged.mp4
  # the mean of the best of each cycle; a line of JSON a frame
  python -m training.liveness.patches predict --ensemble runs/patches --film visitor.mkv \\
      --bound 0.62 --smooth 15 --out visitor-judged.mp4 --json
"""
STRIP = 30
"""Pixels of the strip above the picture."""
DEFAULT_RATE = 25.0
"""Frames per second of the film where the source states none."""


@dataclass(frozen=True)
class Judged:
    """What was made of one frame. decision: None before there are enough scores."""

    frame: Frame
    box: NDArray[np.float32] | None
    score: float | None
    mean: float | None
    decision: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    scorer.add_arguments(parser)
    add = parser.add_argument
    add("--film", required=True, metavar="FILM", help="film or folder of pictures")
    add("--out", type=Path, required=True, metavar="FILE", help=".mp4, .mkv, .avi or .webm")
    add("--pack", default="default", help="whose detector finds the face (default %(default)s)")
    add("--bound", type=float, default=0.5, metavar="B", help="default %(default)s")
    add(
        "--smooth",
        type=int,
        default=10,
        metavar="N",
        help="scores in a row that a decision is made of (default %(default)s)",
    )
    add("--json", action="store_true", help="print a line of JSON a frame")


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    if not 0 < args.bound < 1:
        raise UsageError(f"--bound {args.bound:g}: a number between 0 and 1 is needed")
    if args.smooth < 1:
        raise UsageError(f"--smooth {args.smooth}: at least one score is needed")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    network = scorer.from_arguments(args)
    pack = packs.load(args.pack)
    with ExitStack() as stack:
        camera = stack.enter_context(open_camera(args.film))
        if camera.live:
            raise UsageError(f"--film {args.film}: a film is needed, not a camera")
        part = stack.enter_context(replacing(args.out))
        writer: FilmWriter | None = None
        for judged in judge(_shown(camera), pack, network, args.bound, args.smooth):
            picture = draw(judged, args.bound)
            size = (picture.shape[1], picture.shape[0])
            if writer is None:
                rate = min(max(camera.fps or DEFAULT_RATE, 1.0), 120.0)
                writer = stack.enter_context(FilmWriter(part, rate, size))
                shape = size
            elif size != shape:
                raise DataError(f"{args.film}: its pictures differ in size and are no film")
            writer.write(picture)
            if args.json:
                print(_line(judged))
        if writer is None:
            raise DataError(f"{args.film}: no frame in it")
        if getattr(camera, "cut_short", False):
            raise CameraError(f"{args.film}: the film stops before its end; is the copy whole?")
    return 0


def _shown(camera: Camera) -> Iterator[Frame]:
    frames = iter(camera.read, None)
    console = Console(stderr=True)
    yield from track(frames, "judging", total=camera.frame_count, console=console, transient=True)


def judge(
    frames: Iterator[Frame], pack: packs.Pack, network: scorer.Patched, bound: float, smooth: int
) -> Iterator[Judged]:
    """Every frame with its surest face, score and decision. Raises NumericError, ModelMismatch."""
    last: deque[float] = deque(maxlen=smooth)
    for frame in frames:
        boxes, _ = detect(pack, frame.image)
        if not len(boxes):
            last.clear()
            yield Judged(frame, None, None, None, None)
            continue
        box = np.asarray(boxes[0], np.float32)
        score = network.score(frame.image, box)
        last.append(score)
        mean = float(np.mean(last))
        decision = None
        if len(last) == smooth:
            decision = "live" if mean >= bound else "attack"
        yield Judged(frame, box, score, mean, decision)


def draw(judged: Judged, bound: float) -> NDArray[np.uint8]:
    """The frame below a strip with score, mean and decision; width and height are even."""
    image = judged.frame.image
    height, width = image.shape[:2]
    out = np.empty((STRIP + height + height % 2, width + width % 2, 3), np.uint8)
    out[:] = PANEL
    out[STRIP : STRIP + height, :width] = image
    colour = {"live": GREEN, "attack": RED, None: AMBER}[judged.decision]
    if judged.box is None or judged.score is None or judged.mean is None:
        text(out, "no face", (8, 20), 15, DIM)
        return out
    low, high = ((int(x), int(y) + STRIP) for x, y in np.round(judged.box.reshape(2, 2)))
    brackets(out, low, high, colour, 2)
    said = f"live score {judged.score:.2f}, mean {judged.mean:.2f}, bound {bound:.2f}"
    text(out, fit_text(said, 15, width - 100), (8, 20), 15)
    word = judged.decision or "waiting"
    text(out, word, (width - 8, 20), 15, colour, bold=True, align="right")
    return out


def _line(judged: Judged) -> str:
    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    box = None if judged.box is None else [round(float(v), 1) for v in judged.box]
    return json.dumps(
        {
            "frame": judged.frame.index,
            "t": round(judged.frame.t, 4),
            "box": box,
            "score": rounded(judged.score),
            "mean": rounded(judged.mean),
            "decision": judged.decision,
        }
    )
