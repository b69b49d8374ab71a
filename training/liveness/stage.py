"""Stand people of closely framed pictures before a door's camera: whole frames of many people.

Writes frames and their label file, for `generate --staged`. Every frame follows from the seed and
its number alone, whatever the workers.
"""

from __future__ import annotations

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from edge.errors import OutputError, UsageError
from training import labels
from training.errors import DataError
from training.labels import FaceLabel
from training.liveness import generate, people
from training.liveness.backgrounds import empty
from training.liveness.people import People, anybody
from training.liveness.rooms import plain_wall
from training.liveness.staged import FRAME, can_stage, staged
from training.new_folder import new_folder, require_none

QUALITY = 95
TRIES = 50
"""Pictures that may be too closely framed, one after the other."""
EXAMPLES = """\
examples:
  # 4000 frames of people who are not held back, to train on
  python -m training.liveness stage --training --set lfw.tar lfw-labels.csv --count 4000 \\
      --workers 2 --out staged
  python -m training.liveness generate --training --door --range train \\
      --staged staged staged/labels.csv --out door
  # more of what is hard to tell from a print: somebody before a plain, pale wall
  python -m training.liveness stage --training --set lfw.tar lfw-labels.csv --count 4000 \\
      --plain 1 --seed 2 --workers 2 --out plain
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add = parser.add_argument
    add(
        "--set",
        dest="sets",
        action="append",
        nargs="+",
        required=True,
        metavar=("PICTURES LABELS", "SHARE"),
        help="folder or tar of pictures, their label file with 68 points (training.label), and how "
        "often it is drawn from against the other sets (default 1); repeatable",
    )
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--held-back", action="store_true", help="show only people held back")
    side.add_argument("--training", action="store_true", help="show only the others")
    add("--half", choices=generate.HALVES, help="only one half of the people held back")
    add(
        "--plain",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of the frames, how many are before a pale wall with nothing on it, in its light "
        "(default: none but those that the rooms give)",
    )
    add("--count", type=int, default=1000, metavar="N", help="frames (default %(default)s)")
    add("--seed", type=int, default=0, help="default %(default)s")
    add("--workers", type=int, default=1, metavar="K", help="processes (default %(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to make")


def run(args: argparse.Namespace) -> int:
    """Makes the frames. Raises DataError, UsageError, OutputError."""
    if args.count < 1 or args.workers < 1:
        raise UsageError("--count and --workers must be above 0")
    if not 0 <= args.plain <= 1:
        raise UsageError(f"--plain is a share, 0 to 1, not {args.plain:g}")
    require_none(args.out)
    sets = []
    for given in args.sets:
        source, labelled, share = generate.parse_set(given, "--set")
        half = generate.HALVES.get(args.half)
        sets.append(
            people.stills(source, labelled, held_back=args.held_back, half=half, share=share)
        )
    with new_folder(args.out) as folder:
        made = _all(sets, args, folder)
        labels.write(folder / "labels.csv", made)
    print(f"{args.out}: {len(made)} frames of {len({Path(m.picture).parent for m in made})} people")
    return 0


class _Worker:
    """What a worker process works with."""

    sets: list[People]
    folder: Path
    seed: int
    plain: float


def _start(sets: list[People], folder: Path, seed: int, plain: float) -> None:
    cv2.setNumThreads(1)
    _Worker.sets, _Worker.folder, _Worker.seed, _Worker.plain = sets, folder, seed, plain


def _make(number: int) -> FaceLabel:
    rng = np.random.default_rng((_Worker.seed, number))
    for _ in range(TRIES):
        of, entry = anybody(_Worker.sets, rng)
        picture = of.read(entry)
        if can_stage(picture):
            break
    else:
        raise DataError(f"{TRIES} pictures were all framed too closely to show any shoulders")
    high, wide = FRAME
    # Nothing is drawn where no share is asked for: a seed's frames stay what they were.
    if _Worker.plain and rng.random() < _Worker.plain:
        frame = staged(picture, plain_wall(rng, wide, high), rng, lit=True)
    else:
        frame = staged(picture, empty(rng, wide, high, lambda: anybody(_Worker.sets, rng)), rng)
    path = _Worker.folder / frame.person / f"{number:06d}.jpg"
    path.parent.mkdir(exist_ok=True)
    if not cv2.imwrite(str(path), frame.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise OutputError(f"{path}: cannot be written")
    unknown = np.full(13, np.nan, np.float32)
    name = path.relative_to(_Worker.folder).as_posix()
    five, pose = unknown[:10].reshape(5, 2), unknown[10:]
    return FaceLabel(name, frame.box, 1.0, five, pose, frame.points)


def _all(sets: list[People], args: argparse.Namespace, folder: Path) -> list[FaceLabel]:
    pool = ProcessPoolExecutor(
        args.workers,
        multiprocessing.get_context("spawn"),
        _start,
        (sets, folder, args.seed, args.plain),
    )
    try:
        results = pool.map(_make, range(args.count), chunksize=8)
        console = Console(stderr=True)
        bar = track(results, "staging", args.count, console=console, transient=True)
        return list(bar)
    except BrokenProcessPool as error:
        raise DataError(f"--workers {args.workers}: a worker process ended by itself") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
