"""How much a recogniser loses on faces seen badly: far away, badly lit, covered, badly laid.

Every face is changed in one way, the same for each network, and all pairs of changed faces are
compared. Networks are checkpoints of this package or ONNX files with an input of 112 x 112.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

from edge.all_pairs import compare
from edge.errors import UsageError
from edge.outputs import replacing
from edge.packs.runtime import session_options
from training import augment, checkpoint
from training.errors import CheckpointError, DataError
from training.recognition import crops, faces
from training.recognition.crops import Image, Jitter
from training.recognition.faces import AlignedFace
from training.recognition.model import Design, normalised

EXAMPLES = """\
examples:
  python -m training.recognition robust runs/student/best.ckpt mobilefacenet_ms1m.onnx \\
      --set lfw.tar lfw-door.csv --each 6 --json robust.json
"""
FARS = (1e-3, 1e-4, 1e-5)
Embed: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""(N, 3, 112, 112) uint8 RGB to (N, D)."""


def _pixels(share: float) -> Callable[[Image, np.random.Generator], Image]:
    """As many pixels as a smaller face has, stretched."""

    def change(image: Image, rng: np.random.Generator) -> Image:
        small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (crops.SIZE, crops.SIZE)), np.uint8)

    return change


def _laid_badly(image: Image, rng: np.random.Generator) -> Image:
    onto = Jitter(turn=4.0, scale=0.05, shift=2.5).draw(rng)
    size = (crops.SIZE, crops.SIZE)
    return np.asarray(cv2.warpAffine(image, onto, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


VIEWS: dict[str, Callable[[Image, np.random.Generator], Image]] = {
    "as it is": lambda image, rng: image,
    "crop of 45 px": _pixels(0.4),
    "crop of 28 px": _pixels(0.25),
    "light, lens, coder": augment.photometric,
    "hand on the mouth": lambda image, rng: augment.muffled(image, rng, faces.FACE),
    "laid badly": _laid_badly,
}
"""How a crop is changed; the second argument decides all that is random."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add = parser.add_argument
    add("networks", nargs="+", type=Path, metavar="CKPT|ONNX")
    add(
        "--set",
        nargs=2,
        required=True,
        metavar=("PICTURES", "LABELS"),
        type=Path,
        help="PERSON/anything.jpg, and a label file with 68 points",
    )
    add("--each", type=int, default=6, help="pictures of a person at most (default %(default)s)")
    add(
        "--scale",
        choices=crops.SCALES,
        default="imagenet",
        help="of the input of ONNX files (default %(default)s)",
    )
    add("--seed", type=int, default=0, help="of the views (default %(default)s)")
    add("--json", type=Path, metavar="FILE", help="write all figures there")


def network(path: Path, scale: str) -> Embed:
    """The network of a checkpoint or an ONNX file. Raises CheckpointError, DataError."""
    if path.suffix == ".onnx":
        return _onnx(path, scale)
    description, weights = checkpoint.load(path)
    design = Design.of(description)
    net = design.build().eval()
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path}: weights of another design: {error}") from error

    @torch.no_grad()
    def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = net(normalised(torch.from_numpy(images), design.scale)).numpy()
        return found

    return embed


def _onnx(path: Path, scale: str) -> Embed:
    try:
        session = ort.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no public base class
        raise DataError(f"{path}: {error}") from error
    given = session.get_inputs()[0].name
    mean, std = (np.array(v, np.float32)[:, None, None] for v in crops.SCALES[scale])

    def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        values = (images.astype(np.float32) - mean) / std
        return np.stack([session.run(None, {given: v[None]})[0].ravel() for v in values])

    return embed


def chosen(found: list[AlignedFace], each: int) -> list[AlignedFace]:
    """At most `each` faces of everybody of whom there are two or more."""
    by: dict[str, list[AlignedFace]] = {}
    for face in found:
        by.setdefault(face.identity, []).append(face)
    return [face for mine in by.values() if len(mine) > 1 for face in mine[:each]]


def measure(
    embed: Embed, images: NDArray[np.uint8], people: NDArray[np.int64]
) -> dict[str, float | None]:
    """TAR by FAR over all pairs; None where the pairs are too few for the FAR."""
    vectors = np.concatenate([embed(images[i : i + 64]) for i in range(0, len(images), 64)])
    pairs = compare(vectors, people)
    tars: dict[str, float | None] = {}
    for far in FARS:
        enough = far * pairs.impostor.total >= 1
        accepted = pairs.genuine.at_or_above(pairs.impostor.threshold_at(far)) if enough else 0
        tars[f"{far:.0e}"] = accepted / pairs.genuine.total if enough else None
    return tars


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    console = Console(stderr=True)
    if args.each < 2:
        raise UsageError(f"--each must be at least 2, not {args.each}")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    networks = {str(path): network(path, args.scale) for path in args.networks}
    found = chosen(faces.load(*args.set, validation=None), args.each)
    names = sorted({face.identity for face in found})
    if len(names) < 2:
        raise DataError(f"{args.set[1]}: two people with two pictures each are needed")
    people = np.array([names.index(face.identity) for face in found], np.int64)
    shown = track(found, "reading faces", console=console, transient=True)
    clean = [face.crop() for face in shown]
    result: dict[str, Any] = {"faces": len(found), "people": len(names), "views": {}}
    table = Table(Column("view", no_wrap=True), "network", *(f"TAR at {far:.0e}" for far in FARS))
    for view, change in track(VIEWS.items(), "comparing", console=console, transient=True):
        images = np.stack(
            [
                faces.planes(change(image, np.random.default_rng((args.seed, i))))
                for i, image in enumerate(clean)
            ]
        )
        result["views"][view] = {}
        for name, embed in networks.items():
            tars = measure(embed, images, people)
            result["views"][view][name] = tars
            table.add_row(
                view, name, *("–" if t is None else f"{100 * t:.1f} %" for t in tars.values())
            )
    if args.json:
        with replacing(args.json) as part:
            Path(part).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    Console().print(table)
    return 0
