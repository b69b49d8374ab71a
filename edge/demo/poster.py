"""The demonstration in one picture: a row for each film, its key frames and why it ended so."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge.cameras.base import Image
from edge.demo.play import TILE, Played, Shot
from edge.render import paint

COLUMNS = 3
MARGIN, GAP = 20, 11
WIDTH = 2 * MARGIN + COLUMNS * TILE + (COLUMNS - 1) * GAP
TITLE, HEADING, CAPTION, BETWEEN = 58, 46, 50, 14  # heights of the strips, pixels


def poster(films: Sequence[Played], title: str, subtitle: str) -> Image:
    """A picture `WIDTH` wide. Raises ValueError without a film."""
    if not films:
        raise ValueError("there is nothing to show")
    rows = [_row(played) for played in films]
    top = np.empty((TITLE, WIDTH, 3), np.uint8)
    top[:] = paint.PANEL
    paint.text(top, title, (MARGIN, 38), 24, bold=True)
    paint.text(top, subtitle, (WIDTH - MARGIN, 38), 15, paint.DIM, align="right")
    return np.asarray(np.vstack([top, *rows]), np.uint8)


def key_shots(played: Played) -> list[Shot]:
    """Three frames: around the first grant, or spread over those that tell most."""
    shots = played.shots
    granted = next((i for i, s in enumerate(shots) if s.person is not None), None)
    if granted is not None:
        # Halfway through the wait, what the door waited for is named under the picture.
        later = [s for s in shots[granted + 1 :] if s.person is not None or s.door_open]
        later.sort(key=lambda s: (s.person is not None, s.t))
        return [shots[granted // 2], shots[granted], (later or shots)[-1]]
    telling = [s for s in shots if s.recognised] or [s for s in shots if s.score is not None]
    telling = telling or shots
    last = len(telling) - 1
    return [telling[round(last * part)] for part in (0.12, 0.5, 0.95)]


def _row(played: Played) -> Image:
    shots = key_shots(played)
    tall = max(shot.picture.shape[0] for shot in shots)
    row = np.empty((HEADING + tall + CAPTION + BETWEEN, WIDTH, 3), np.uint8)
    row[:] = paint.PANEL
    cv2.line(row, (MARGIN, 0), (WIDTH - MARGIN, 0), paint.RULE, 1)
    opened = bool(played.summary.openings)
    colour = paint.GREEN if opened else paint.RED
    paint.padlock(row, (MARGIN + 10, 24), 24, colour, is_open=opened)
    x = MARGIN + 32
    paint.text(row, played.scene.title, (x, 31), 19, bold=True)
    x += paint.text_width(played.scene.title, 19, bold=True) + 18
    words = paint.fit_text(told(played), 16, WIDTH - MARGIN - x)
    paint.text(row, words, (WIDTH - MARGIN, 31), 16, colour, align="right")
    for place, shot in enumerate(shots):
        left = MARGIN + place * (TILE + GAP)
        height = shot.picture.shape[0]
        tile = row[HEADING : HEADING + height, left : left + TILE]
        tile[:] = shot.picture
        _badge(tile, shot.door_open)
        _caption(row, shot, played, (left, HEADING + height))
    return row


def told(played: Played) -> str:
    """The outcome of a film in a line."""
    if played.first_grant is not None:
        return f"opens for {played.outcome} after {played.first_grant:.2f} s"
    if played.recognised:
        share = played.recognised / played.summary.frames
        return f"stays locked, though the face is recognised on {share:.0%} of the frames"
    return "stays locked: not the enrolled face"


def _badge(tile: Image, is_open: bool) -> None:
    words = "LOCK OPEN" if is_open else "LOCK SECURED"
    wide = paint.text_width(words, 12, bold=True) + 40
    corner = tile[8:32, tile.shape[1] - wide - 8 : tile.shape[1] - 8]
    corner[:] = (corner * 0.2 + np.array(paint.PANEL) * 0.8).astype(np.uint8)
    shade = paint.GREEN if is_open else paint.INK
    paint.padlock(corner, (14, 12), 15, shade, is_open=is_open)
    paint.text(corner, words, (31, 16), 12, shade, bold=True)


def _caption(row: Image, shot: Shot, played: Played, at: tuple[int, int]) -> None:
    (x, y), bound = at, played.bound
    score = "not compared"
    if shot.score is not None and bound is not None:
        sign = "≥" if shot.score >= bound else "<"
        score = f"score {shot.score:.3f} {sign} {bound:.3f}"
    paint.text(row, f"{shot.t:.2f} s", (x, y + 19), 14, bold=True)
    offset = paint.text_width(f"{shot.t:.2f} s", 14, bold=True) + 12
    paint.text(row, score, (x + offset, y + 19), 14)
    if shot.person is not None:
        paint.text(row, f"all gates pass: granted to {shot.person}", (x, y + 40), 14, paint.GREEN)
        return
    if shot.door_open:
        paint.text(row, "still open from the grant", (x, y + 40), 14, paint.DIM)
        return
    if played.summary.grants:
        words, shade = "waits for", paint.AMBER
    else:
        words, shade = "refused by", paint.RED
    words = paint.fit_text(f"{words} {', '.join(shot.failed)}", 14, TILE)
    paint.text(row, words, (x, y + 40), 14, shade)
