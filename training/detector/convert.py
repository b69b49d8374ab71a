"""Converts face labels between WIDER FACE's list, YOLO text files and our CSV."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console

from training import labels
from training.detector import wider, yolo_text
from training.detector.annotations import Faces, read_any
from training.labels import FaceLabel
from training.pictures import Pictures

HELP = """\
examples:
  # WIDER FACE as it is published, to a YOLO file beside each picture's name
  python -m training.detector convert wider_face_split/wider_face_train_bbx_gt.txt \\
      --pictures WIDER_train/images --to yolo --out yolo/labels

  # and back
  python -m training.detector convert yolo/labels --pictures WIDER_train/images \\
      --to wider --out train_bbx_gt.txt
"""


def write(faces: dict[str, Faces], pictures: Pictures, to: str, out: Path) -> None:
    """Writes in the format `to`: yolo (a folder), wider or csv. Raises OutputError."""
    if to == "yolo":
        yolo_text.write(out, faces, lambda name: yolo_text.size_of(pictures, name))
    elif to == "wider":
        wider.write(out, faces)
    else:
        labels.write(
            out,
            (
                FaceLabel(name, box, float(score), _unknown(5, 2), _unknown(3), None)
                for name, of in faces.items()
                for box, score in zip(of.boxes, of.scores, strict=True)
            ),
        )


def _unknown(*shape: int) -> np.ndarray:
    return np.full(shape, np.nan, np.float32)


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option(
        "labels",
        type=Path,
        metavar="LABELS",
        help="WIDER FACE's .txt, a folder of YOLO .txt, a .csv",
    )
    option("--pictures", type=Path, required=True, metavar="FOLDER_OR_TAR")
    option("--to", choices=("wider", "yolo", "csv"), required=True)
    option("--out", type=Path, required=True, metavar="PATH", help="a file; of YOLO a folder")


def main(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    pictures = Pictures(args.pictures)
    faces = read_any(args.labels, pictures)
    write(faces, pictures, args.to, args.out)
    count = sum(len(of.boxes) for of in faces.values())
    Console(stderr=True).print(f"{count} faces of {len(faces)} pictures", markup=False)
    return 0
