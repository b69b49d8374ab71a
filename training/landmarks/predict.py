"""`predict`: faces of pictures, found by a pack's or YuNet's detector, read by a checkpoint."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from training.errors import DataError
from training.label import finder_of
from training.landmarks.evaluate import network_of
from training.landmarks.locate import Found, locate, torch_runner
from training.pictures import Pictures

Floats = NDArray[np.float32]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `predict`."""
    add = parser.add_argument
    add("checkpoint", type=Path, metavar="CKPT", help="best.ckpt of a run")
    add("pictures", metavar="PICTURES", help="a folder or a tar")
    add(
        "--detector",
        default="default",
        metavar="PACK|ONNX",
        help="whose boxes: a pack's, or YuNet's file (default %(default)s)",
    )
    add("--border", type=float, default=0.0, metavar="SHARE", help="grey around, for tight crops")
    add("--sheets", type=Path, metavar="DIR", help="write each picture with what was read")
    add("--json", action="store_true", help="one JSON object a picture, a line each")


def predict(args: argparse.Namespace) -> int:
    """Raises DataError, CheckpointError, PackError, OutputError."""
    cv2.setNumThreads(1)
    net, points = network_of(args.checkpoint)
    run = torch_runner(net)
    find = _finder(args.detector, args.border)
    pictures = Pictures(args.pictures)
    console = Console(stderr=True)
    if args.sheets is not None:
        args.sheets.mkdir(parents=True, exist_ok=True)
    quiet = not console.is_terminal
    for name in track(pictures.names, "reading", console=console, disable=quiet):
        image = pictures.read(name)
        boxes = find(image)
        found = locate(run, [image] * len(boxes), boxes, points) if boxes else []
        entry = {"file": name, "faces": [_plain(b, f) for b, f in zip(boxes, found, strict=True)]}
        print(json.dumps(entry) if args.json else _line(entry))
        if args.sheets is not None:
            _draw(image, boxes, found, args.sheets / (name.replace("/", "_") + ".png"))
    return 0


def _finder(detector: str, border: float) -> Callable[[NDArray[np.uint8]], list[Floats]]:
    """From a picture to its boxes [(4,), ...], best first."""
    finder = finder_of(Path(detector), border)
    return lambda image: [box for box, _, _ in finder.find(image)]


def _plain(box: Floats, found: Found) -> dict[str, Any]:
    out: dict[str, Any] = {"box": _rounded(box)}
    if found.points is not None:
        out["points"] = [_rounded(p) for p in found.points]
    if found.confidence is not None:
        out["confidence"] = round(found.confidence, 4)
    if found.pose is not None:
        out["pose"] = dict(zip(("yaw", "pitch", "roll"), _rounded(found.pose), strict=True))
    if found.age is not None:
        out["age"] = round(found.age, 1)
    if found.gender is not None:
        shares = np.exp(found.gender - found.gender.max())
        out["female"] = round(float(shares[1] / shares.sum()), 4)
    return out


def _rounded(values: Floats) -> list[float]:
    return [round(float(v), 2) for v in values]


def _line(entry: dict[str, Any]) -> str:
    told = []
    for face in entry["faces"]:
        parts = [f"{k} {face[k]}" for k in ("confidence", "age", "female") if k in face]
        if "pose" in face:
            parts.append(" ".join(f"{k} {v:.0f}°" for k, v in face["pose"].items()))
        told.append(", ".join(parts) or f"box {face['box']}")
    return f"{entry['file']}: {'; '.join(told) or 'no face'}"


def _draw(image: NDArray[np.uint8], boxes: list[Floats], found: list[Found], path: Path) -> None:
    out = image.copy()
    for box, face in zip(boxes, found, strict=True):
        x1, y1, x2, y2 = (round(float(v)) for v in box)
        cv2.rectangle(out, (x1, y1), (x2, y2), (0, 200, 255), 1)
        for x, y in face.points if face.points is not None else ():
            cv2.circle(out, (round(float(x)), round(float(y))), 1, (0, 255, 0), -1)
    if not cv2.imwrite(str(path), out):
        raise DataError(f"{path}: cannot be written")
