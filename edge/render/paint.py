"""Colours, text and small shapes. All sizes are pixels, all colours BGR."""

from __future__ import annotations

import unicodedata
from typing import Any

import cv2

from edge.cameras.base import Image

Colour = tuple[int, int, int]
Point = tuple[int, int]

PANEL: Colour = (36, 31, 28)
RULE: Colour = (62, 55, 50)
INK: Colour = (240, 237, 233)
DIM: Colour = (172, 163, 156)
UNLIT: Colour = (92, 84, 78)
GREEN: Colour = (112, 204, 72)
AMBER: Colour = (64, 184, 250)
RED: Colour = (86, 86, 240)

# OpenCV 5 draws any script with a font of its own; OpenCV 4 knows stroked ASCII only.
_FACE: Any = cv2.FontFace("sans") if hasattr(cv2, "FontFace") else None
_ASCII = str.maketrans({"≥": ">=", "≤": "<=", "±": "+-", "°": "", "–": "-", "·": "-", "×": "x"})
_HERSHEY_HEIGHT = 30.0  # pixels from one line's ascent to its descent at scale 1


def ascii_only(text: str) -> str:
    """The text as the stroked font can show it: accents dropped, other signs as '?'."""
    folded = unicodedata.normalize("NFKD", text.translate(_ASCII))
    return "".join(
        c if c.isascii() and c.isprintable() else "?"
        for c in folded
        if not unicodedata.combining(c)
    )


def text_width(words: str, size: int, *, bold: bool = False) -> int:
    """Width of `words` at a letter height of about 0.7 `size`."""
    if _FACE is not None:
        x, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), _FACE, size, 700 if bold else 400)
        return int(x + width)
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    return int(cv2.getTextSize(ascii_only(words), font, size / _HERSHEY_HEIGHT, 1)[0][0])


def text(
    image: Image,
    words: str,
    at: Point,
    size: int,
    colour: Colour = INK,
    *,
    bold: bool = False,
    align: str = "left",
) -> None:
    """Write `words` with their baseline at `at`: its left end, or right end or middle."""
    x, y = at
    if align != "left":
        width = text_width(words, size, bold=bold)
        x -= width if align == "right" else width // 2
    if _FACE is not None:
        cv2.putText(image, words, (x, y), colour, _FACE, size, 700 if bold else 400)
        return
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    scale = size / _HERSHEY_HEIGHT
    cv2.putText(image, ascii_only(words), (x, y), font, scale, colour, 1, cv2.LINE_AA)


def fit_text(words: str, size: int, room: int, *, bold: bool = False) -> str:
    """`words`, cut with an ellipsis where they would be wider than `room`."""
    if text_width(words, size, bold=bold) <= room:
        return words
    while words and text_width(words + "...", size, bold=bold) > room:
        words = words[:-1]
    return words.rstrip() + "..."


def lamp(image: Image, at: Point, radius: int, colour: Colour) -> None:
    """A round lamp."""
    cv2.circle(image, at, radius, colour, cv2.FILLED, cv2.LINE_AA)


def brackets(image: Image, low: Point, high: Point, colour: Colour, thickness: int) -> None:
    """The four corners of a box: it is seen where it is, and the face stays visible."""
    reach = max(6, min(high[0] - low[0], high[1] - low[1]) // 5)
    for x, inward_x in ((low[0], reach), (high[0], -reach)):
        for y, inward_y in ((low[1], reach), (high[1], -reach)):
            for end in ((x + inward_x, y), (x, y + inward_y)):
                # A dark edge keeps the line visible before a background of its own colour.
                cv2.line(image, (x, y), end, PANEL, thickness + 2, cv2.LINE_AA)
    for x, inward_x in ((low[0], reach), (high[0], -reach)):
        for y, inward_y in ((low[1], reach), (high[1], -reach)):
            for end in ((x + inward_x, y), (x, y + inward_y)):
                cv2.line(image, (x, y), end, colour, thickness, cv2.LINE_AA)


def padlock(image: Image, at: Point, size: int, colour: Colour, *, is_open: bool) -> None:
    """A padlock centred at `at`; an open one has its shackle raised and swung aside."""
    x, y = at
    w, h = round(size * 0.72), round(size * 0.5)
    top = y - h // 2 + size // 5
    thick = max(2, size // 9)
    radius = round(w * 0.32)
    lift = size // 6 if is_open else 0
    shift = round(w * 0.42) if is_open else 0
    arch = (x + shift, top - radius // 2 - lift)
    cv2.ellipse(image, arch, (radius, radius), 0, 180, 360, colour, thick, cv2.LINE_AA)
    for side, reaches in ((-1, True), (1, not is_open)):
        leg = arch[0] + side * radius
        foot = top + 1 if reaches else arch[1] + radius // 2
        cv2.line(image, (leg, arch[1]), (leg, foot), colour, thick, cv2.LINE_AA)
    cv2.rectangle(image, (x - w // 2, top), (x + w // 2, top + h), colour, cv2.FILLED)
    cv2.circle(image, (x, top + h // 2), max(1, size // 11), PANEL, cv2.FILLED, cv2.LINE_AA)
