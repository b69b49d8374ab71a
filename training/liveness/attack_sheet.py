"""A picture for people to look at: presentations of each label, and what was drawn for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.errors import OutputError
from edge.outputs import replacing
from edge.render.sheet import contact_sheet
from training.liveness.samples import LIVE, Sample, picture

EACH, COLUMNS, WIDTH = 6, 6, 240
SAID = (
    ("form", "body.colour", "body.width", "bend", "holes", "pieces"),
    ("paper.dots", "paper.gloss", "display.band", "glass.mirror", "hold.distance", "hand.grip"),
)
"""Parameters that the captions name, where an instrument has them; one tuple a line."""


def write(path: Path, kept: Sequence[Sample]) -> None:
    """`EACH` of every label, spread over the list, into one picture.

    Raises OutputError, DataError."""
    labels = sorted({s.label for s in kept}, key=lambda name: (name != LIVE, name))
    tiles = []
    for label in labels:
        of = [s for s in kept if s.label == label]
        places = np.unique(np.linspace(0, len(of) - 1, EACH).round().astype(int))
        row = [(_tile(of[i]), _caption(of[i])) for i in places]
        row += [(np.zeros((180, WIDTH, 3), np.uint8), "\n")] * (EACH - len(row))
        tiles += row
    sheet = contact_sheet(tiles, COLUMNS, width=WIDTH)
    with replacing(path) as part:
        if not cv2.imwrite(str(part), sheet):
            raise OutputError(f"{path}: cannot be written; is its name that of a picture?")


def _tile(sample: Sample) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The presentation on a canvas of 4:3, so that all tiles have one shape."""
    image = picture(sample)
    high, wide = image.shape[:2]
    tall = round(max(high, wide * 0.75))
    canvas = np.zeros((tall, round(tall / 0.75), 3), np.uint8)
    x, y = (canvas.shape[1] - wide) // 2, (tall - high) // 2
    canvas[max(y, 0) : y + high, max(x, 0) : x + wide] = image[:, : canvas.shape[1]]
    return canvas


def _caption(sample: Sample) -> str:
    lines = [f"{sample.label}: {sample.person}"]
    for names in SAID:
        said = []
        for name in names:
            value = sample.parameters
            for key in name.split("."):
                value = value.get(key, {}) if isinstance(value, dict) else {}
            if value not in ({}, "none", 0.0):
                told = f"{value:.2g}" if isinstance(value, float) else str(value)
                said.append(f"{name.rpartition('.')[2]} {told}")
        lines.append(", ".join(said))
    return "\n".join(lines)
