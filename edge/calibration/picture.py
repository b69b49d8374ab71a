"""The calibration as a picture: how rare scores are, where this site's lie, where the bound is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.calibration.apply import Outcome
from edge.calibration.explain import counted, one_in
from edge.cameras.base import Image
from edge.render import paint

WIDTH, HEIGHT = 1180, 760
LEFT, RIGHT, TOP = 130, 36, 92
PLOT = 430  # height of the curves
LANE = 44  # height of each row of single scores below them
BLUE: paint.Colour = (232, 168, 88)
DOT = 4
LABELS_ROOM = 14


@dataclass(frozen=True, slots=True)
class _Axes:
    """Cosine to the right, decades of a rate downwards. Inside: pixels of the whole picture."""

    low: float
    high: float
    decades: int

    def x(self, score: float) -> int:
        part = (min(max(score, self.low), self.high) - self.low) / (self.high - self.low)
        return LEFT + round(part * (WIDTH - LEFT - RIGHT))

    def y(self, rate: float) -> int:
        part = -math.log10(min(max(rate, 10.0**-self.decades), 1.0)) / self.decades
        return TOP + round(part * PLOT)


def picture(outcome: Outcome) -> Image:
    """(HEIGHT, WIDTH, 3) uint8 BGR."""
    d = outcome.derived
    scores = outcome.embedder.head.scores
    best = [] if outcome.recording is None else outcome.recording.best
    lowest = min([scores.curve[0].score, *best, *(s for r in d.reach for s in r.scores)])
    decades = math.ceil(-math.log10(min(scores.curve[-1].fmr, d.fmr)))
    axes = _Axes(math.floor(lowest * 50 - 0.5) / 50, 1.0, decades)
    canvas = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    canvas[:] = paint.PANEL
    _title(canvas, outcome)
    _grid(canvas, axes)
    shift = scores.same_camera_shift
    plain = [(p.score, p.fmr) for p in scores.curve]
    _line(canvas, axes, plain, paint.DIM, 2)
    if shift:
        _line(canvas, axes, [(min(s + shift, 1.0), r) for s, r in plain], BLUE, 2)
    if best:
        _line(canvas, axes, list(_steps(best)), paint.AMBER, 2)
    _legend(canvas, shift=bool(shift), site=bool(best))
    _target(canvas, axes, d.fmr, d.calibration.curve_bound)
    lanes: list[tuple[str, Sequence[float], paint.Colour]] = [
        ("strangers here", best, paint.AMBER),
        ("enrolled pairs", [p.score for p in d.pairs], paint.RED),
        ("own templates", [s for r in d.reach for s in r.scores], paint.GREEN),
    ]
    for number, (name, values, colour) in enumerate(lanes):
        _lane(canvas, axes, number, name, values, colour)
    _bound(canvas, axes, d.bound, len(lanes))
    return canvas


def _title(canvas: Image, outcome: Outcome) -> None:
    d = outcome.derived
    c = d.calibration
    paint.text(canvas, f"A face must reach {c.score_bound:.4f}", (24, 42), 26, bold=True)
    about = (
        f"{counted(c.people, 'person', 'people')}, {counted(c.templates, 'template')}  ·  "
        f"target: {one_in(c.target_fpir)} strangers  ·  {one_in(d.fmr)} per comparison"
    )
    paint.text(canvas, about, (24, 72), 16, paint.DIM)
    decided = {
        "curve": "decided by the pack's curve",
        "raised": "raised by strangers recorded here",
        "lowered": "lowered: strangers recorded here demonstrate it",
    }[d.basis]
    paint.text(canvas, decided, (WIDTH - 24, 42), 17, BLUE, align="right")


def _grid(canvas: Image, axes: _Axes) -> None:
    bottom = TOP + PLOT
    for decade in range(axes.decades + 1):
        y = axes.y(10.0**-decade)
        cv2.line(canvas, (LEFT, y), (WIDTH - RIGHT, y), paint.RULE, 1)
        words = one_in(10.0**-decade) if decade else "all"
        paint.text(canvas, words, (LEFT - 10, y + 5), 14, paint.DIM, align="right")
    tick = 0.02 if axes.high - axes.low < 0.3 else 0.1
    for k in range(math.ceil(axes.low / tick - 1e-9), math.floor(axes.high / tick + 1e-9) + 1):
        x = axes.x(k * tick)
        cv2.line(canvas, (x, TOP), (x, bottom), paint.RULE, 1)
        paint.text(canvas, f"{k * tick:.2f}", (x, bottom + 20), 14, paint.DIM, align="middle")
    paint.text(canvas, "similarity (cosine)", (WIDTH - RIGHT, bottom + 40), 14, paint.DIM,
               align="right")  # fmt: skip


def _line(
    canvas: Image,
    axes: _Axes,
    points: Sequence[tuple[float, float]],
    colour: paint.Colour,
    thickness: int,
) -> None:
    pixels = np.array([(axes.x(s), axes.y(r)) for s, r in points], np.int32)
    cv2.polylines(canvas, [pixels.reshape(-1, 1, 2)], False, colour, thickness, cv2.LINE_AA)


def _steps(best: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The share of tracks at or above each score, as corners of a stair; the last step ends."""
    ordered = sorted(best)
    n = len(ordered)
    yield -1.0, 1.0
    for k, score in enumerate(ordered):
        yield score, (n - k) / n
        if k + 1 < n:
            yield score, (n - k - 1) / n


def _legend(canvas: Image, *, shift: bool, site: bool) -> None:
    lines = [("strangers in the pack's data", paint.DIM)]
    if shift:
        lines.append(("... with what is added for one camera", BLUE))
    if site:
        lines.append(("strangers recorded at this door, per track", paint.AMBER))
    for number, (words, colour) in enumerate(lines):
        y = TOP + PLOT - LABELS_ROOM - 24 * (len(lines) - 1 - number)
        cv2.line(canvas, (LEFT + 14, y - 5), (LEFT + 44, y - 5), colour, 3, cv2.LINE_AA)
        paint.text(canvas, words, (LEFT + 54, y), 15, colour)


def _target(canvas: Image, axes: _Axes, fmr: float, curve: float) -> None:
    y, end = axes.y(fmr), axes.x(curve)
    for x in range(LEFT, end, 10):
        cv2.line(canvas, (x, y), (min(x + 5, end), y), paint.INK, 1)
    paint.text(canvas, "allowed per comparison", (LEFT + 8, y - 7), 14, paint.INK)
    paint.lamp(canvas, (end, y), DOT + 1, paint.INK)


def _lane(
    canvas: Image,
    axes: _Axes,
    number: int,
    name: str,
    values: Sequence[float],
    colour: paint.Colour,
) -> None:
    y = TOP + PLOT + 74 + number * LANE
    paint.text(canvas, name, (LEFT - 10, y + 5), 14, colour, align="right")
    if not values:
        paint.text(canvas, "none", (LEFT + 8, y + 5), 14, paint.UNLIT)
        return
    cv2.line(canvas, (LEFT, y), (WIDTH - RIGHT, y), paint.RULE, 1)
    for value in values:
        paint.lamp(canvas, (axes.x(value), y), DOT, colour)


def _bound(canvas: Image, axes: _Axes, bound: float, lanes: int) -> None:
    x = axes.x(bound)
    bottom = TOP + PLOT + 74 + (lanes - 1) * LANE + 16
    cv2.line(canvas, (x, TOP), (x, bottom), paint.INK, 2, cv2.LINE_AA)
    side = "right" if x > WIDTH - 260 else "left"
    at = x - 8 if side == "right" else x + 8
    paint.text(canvas, f"bound {bound:.4f}", (at, TOP + 18), 16, paint.INK, bold=True, align=side)
    paint.text(canvas, "admitted", (min(x + 8, WIDTH - RIGHT - 60), bottom + 14), 13, paint.GREEN)
    paint.text(canvas, "refused", (x - 8, bottom + 14), 13, paint.RED, align="right")
