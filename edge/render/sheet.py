"""Contact sheets: several pictures with their captions in one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cameras.base import Image
from edge.render import paint

GAP = 10
SIZE = 14  # of a caption's text
LINE = 18
AROUND = 1.7
"""Side of a face's cut-out, in face heights."""


def crop(image: Image, box: NDArray[np.float32], side: int) -> Image:
    """A square cut-out (side, side, 3) around a face box; dark where it leaves the picture."""
    x1, y1, x2, y2 = (float(v) for v in box)
    reach = AROUND * max(x2 - x1, y2 - y1)
    scale = side / reach
    whole = image
    left, top = (x1 + x2) / 2 - reach / 2, (y1 + y2) / 2 - reach / 2
    # Pixel centres lie at integers: output i shows scale * (x - left) - 1/2.
    shift = scale * left + 0.5, scale * top + 0.5
    if scale < 0.5:  # warping alone would alias
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        shift = scale * (left + 0.5), scale * (top + 0.5)
    step = 1.0 if image is not whole else scale
    matrix = np.array([[step, 0, -shift[0]], [0, step, -shift[1]]])
    cut = cv2.warpAffine(
        image,
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR if scale < 1.5 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=paint.RULE,
    )
    return np.asarray(cut, np.uint8)


def contact_sheet(
    frames: Sequence[tuple[Image, str]], columns: int, *, title: str = "", width: int = 320
) -> Image:
    """Tiles of `width` pixels, left to right and top to bottom, each with its caption below.

    frames: pictures (H, W, 3) uint8 BGR of any size, with captions of one or more lines. A
    picture of another shape than the first is fitted into the first one's. Raises ValueError
    without a picture or for fewer than one column.
    """
    if not frames or columns < 1:
        raise ValueError("a contact sheet needs a picture and at least one column")
    columns = min(columns, len(frames))
    rows = math.ceil(len(frames) / columns)
    first = frames[0][0]
    tall = max(1, round(first.shape[0] * width / first.shape[1]))
    lines = max(caption.count("\n") + 1 for _, caption in frames)
    cell = tall + lines * LINE + 6
    head = 34 if title else 0
    canvas = np.empty(
        (head + rows * (cell + GAP) + GAP, columns * (width + GAP) + GAP, 3), np.uint8
    )
    canvas[:] = paint.PANEL
    if title:
        room = canvas.shape[1] - 2 * GAP
        paint.text(canvas, paint.fit_text(title, 18, room, bold=True), (GAP, 27), 18, bold=True)
    for place, (image, caption) in enumerate(frames):
        x = GAP + (place % columns) * (width + GAP)
        y = head + GAP + (place // columns) * (cell + GAP)
        _place(canvas[y : y + tall, x : x + width], image)
        for number, line in enumerate(caption.split("\n")):
            paint.text(
                canvas,
                paint.fit_text(line, SIZE, width),
                (x, y + tall + (number + 1) * LINE - 2),
                SIZE,
                paint.DIM if number else paint.INK,
            )
    return canvas


def _place(tile: Image, image: Image) -> None:
    """Fit the image into the tile, centred; what is left over is dark."""
    height, width = tile.shape[:2]
    scale = min(width / image.shape[1], height / image.shape[0])
    w = min(width, max(1, round(image.shape[1] * scale)))
    h = min(height, max(1, round(image.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    x, y = (width - w) // 2, (height - h) // 2
    tile[:] = paint.RULE
    tile[y : y + h, x : x + w] = cv2.resize(image, (w, h), interpolation=way)
