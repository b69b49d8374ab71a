"""One frame with what was made of it: the face, the gates, the lock.

The picture itself is left free but for the face's marks; the rest stands in two strips, above it
and below it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from edge.cameras.base import Image
from edge.faces.observation import Face
from edge.gates import Gate
from edge.pipeline import Step
from edge.prompts import words as prompt
from edge.render import paint

LEAST_WIDTH, MOST_WIDTH = 640, 1280
"""A smaller picture is enlarged so that text stays legible, a larger one is reduced."""
HEADER, FOOTER = 36, 70  # pixels at a width of 640
COLUMNS = 7
SMALL_FACE = 120  # pixels at a width of 640
SHORT = {
    "one_face": "faces",
    "sharpness": "sharp",
    "exposure": "light",
    "passive": "live",
    "agreement": "agree",
    "landmarks": "points",
    "challenge": "asked",
}
"""Gates whose name is too long for a lamp's label."""


def annotated_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) of the annotated form of a frame; both even, as encoders ask for."""
    wide = min(max(width, LEAST_WIDTH), MOST_WIDTH) // 2 * 2
    unit = wide / 640
    tall = round(height * wide / width) + round(HEADER * unit) + round(FOOTER * unit)
    return wide, (tall + 1) // 2 * 2


def annotate(
    image: Image,
    step: Step,
    *,
    locked: bool,
    opened_for: str | None = None,
    show_candidates: bool = False,
) -> Image:
    """A new picture of size `annotated_size`; `image` (H, W, 3) uint8 BGR is left as it is.

    locked: the lock's state after this frame; opened_for: who opened it. A name is shown only
    where it was granted; show_candidates adds whom the face resembles most, after a "?".
    """
    height, width = image.shape[:2]
    wide, tall = annotated_size(width, height)
    unit = wide / 640
    header, footer = round(HEADER * unit), round(FOOTER * unit)
    canvas = np.empty((tall, wide, 3), np.uint8)
    canvas[:] = paint.PANEL
    scale = wide / width
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    body = canvas[header : tall - footer]
    body[:] = cv2.resize(image, (wide, body.shape[0]), interpolation=way)
    face = step.observation.face
    if face is not None:
        _mark_face(body, face, step, scale, unit, show_candidates)
    _header(canvas[:header], step, locked, opened_for, unit)
    _footer(canvas[tall - footer :], step.decision.gates, unit)
    return canvas


def _mark_face(
    body: Image, face: Face, step: Step, scale: float, unit: float, show_candidates: bool
) -> None:
    colour = {"grant": paint.GREEN, "deny": paint.RED, None: paint.AMBER}[step.decision.verdict]
    small = face.quality.size * scale < SMALL_FACE * unit
    # Pixel centres: (x + 1/2) * scale - 1/2, as the resizing above has it.
    points = (face.landmarks + 0.5) * scale - 0.5
    for x, y in np.rint(points).astype(int).tolist():
        if not small:
            cv2.circle(body, (x, y), round(unit), paint.INK, cv2.FILLED, cv2.LINE_AA)
        elif 0 <= x < body.shape[1] and 0 <= y < body.shape[0]:
            body[y, x] = paint.INK  # a full dot each would hide a small face
    x1, y1, x2, y2 = np.rint((face.box + 0.5) * scale - 0.5).astype(int).tolist()
    paint.brackets(body, (x1, y1), (x2, y2), colour, max(2, round(2 * unit)))
    words = step.decision.person or "?"
    if step.decision.person is None and show_candidates and step.match is not None:
        words = f"? {step.match.person} {step.match.score:.3f}"
    size = round(15 * unit)
    words = paint.fit_text(words, size, body.shape[1] - 16, bold=True)
    pad = round(5 * unit)
    box_w = paint.text_width(words, size, bold=True) + 2 * pad
    left = min(max(x1, 0), max(body.shape[1] - box_w, 0))
    top = y1 - size - 2 * pad - round(4 * unit)
    if top < 0:  # no room above the face
        top = min(y2 + round(4 * unit), body.shape[0] - size - 2 * pad)
    cv2.rectangle(body, (left, top), (left + box_w, top + size + pad), colour, cv2.FILLED)
    paint.text(body, words, (left + pad, top + size), size, paint.PANEL, bold=True)


def _header(strip: Image, step: Step, locked: bool, opened_for: str | None, unit: float) -> None:
    middle = strip.shape[0] // 2
    colour = paint.DIM if locked else paint.GREEN
    paint.padlock(strip, (round(20 * unit), middle), round(22 * unit), colour, is_open=not locked)
    size = round(16 * unit)
    base = middle + round(6 * unit)
    x = round(40 * unit)
    state = "LOCKED" if locked else "OPEN"
    paint.text(strip, state, (x, base), size, paint.INK if locked else colour, bold=True)
    x += paint.text_width(state, size, bold=True) + round(14 * unit)
    right = strip.shape[1] - round(12 * unit)
    time = f"{step.observation.t:.2f} s"
    paint.text(strip, time, (right, base), size, paint.INK, align="right")
    words, shade = _said(step, opened_for if not locked else None)
    room = right - paint.text_width(time, size) - x - round(14 * unit)
    small = round(14 * unit)
    paint.text(strip, paint.fit_text(words, small, room), (x, base), small, shade)


def _said(step: Step, opened_for: str | None) -> tuple[str, paint.Colour]:
    decision = step.decision
    if decision.verdict == "grant":
        return f"granted: {decision.person}", paint.GREEN
    if opened_for is not None:
        return f"for {opened_for}", paint.GREEN
    asked = prompt(step.challenge)
    if asked is not None:
        return asked, paint.AMBER
    failed = [SHORT.get(name, name) for name in decision.failed]
    if decision.verdict == "deny":
        return "denied: " + ", ".join(failed[:4]), paint.RED
    if step.observation.face is None:
        return "nobody at the door", paint.DIM
    return "waiting for " + ", ".join(failed[:4]), paint.AMBER


def _footer(strip: Image, gates: tuple[Gate, ...], unit: float) -> None:
    strip[: max(1, round(unit))] = paint.RULE
    columns = max(COLUMNS, math.ceil(len(gates) / 2))
    cell = strip.shape[1] / columns
    name_size, value_size = round(13 * unit), round(11 * unit)
    row = round(33 * unit)
    for place, gate in enumerate(gates):
        x = round((place % columns) * cell + 11 * unit)
        y = round(4 * unit) + (place // columns) * row
        lit = paint.GREEN if gate.passed else paint.UNLIT if gate.value is None else paint.RED
        paint.lamp(strip, (x, y + round(10 * unit)), round(5 * unit), lit)
        x += round(10 * unit)
        name = SHORT.get(gate.name, gate.name)
        paint.text(strip, name, (x, y + round(14 * unit)), name_size)
        words = f"{number(gate.value)} {bound(gate)}".strip()
        size, room = value_size, round(cell - 24 * unit)
        while size > 6 and paint.text_width(words, size) > room:  # OpenCV 4's letters are wider
            size -= 1
        paint.text(strip, words, (x, y + round(28 * unit)), size, paint.DIM)


def number(value: float | None) -> str:
    """A gate's value in at most six characters; a dash when there is none.

    Below 1 with three decimals: cosines are told apart by the third.
    """
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if value == int(value) and size < 1000:
        return str(int(value))
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def bound(gate: Gate) -> str:
    """A gate's bound in signs: ≥ ≤ ± or a range; empty when nothing bounds it."""
    low, high = gate.low, gate.high
    if low is not None and high is not None:
        if low == high:
            return f"= {low:g}"
        return f"±{high:g}" if low == -high else f"{low:g}–{high:g}"
    if low is not None:
        return f"≥ {low:.3g}"
    return "" if high is None else f"≤ {high:.3g}"
