"""The few frames of a film that tell its story, for a sheet."""

from __future__ import annotations

import cv2
import numpy as np

from edge.cameras.base import Image
from edge.pipeline import Step
from edge.render import contact_sheet

TILES = 12
EVENTS = 8
COLUMNS = 3
WIDTH = 480


class Moments:
    """Keeps frames where something changed, and some in between, however long the film is."""

    def __init__(self) -> None:
        self._events: dict[int, tuple[Image, str]] = {}
        self._between: dict[int, tuple[Image, str]] = {}
        self._stride = 1
        self._before: tuple[object, ...] = ()

    def add(self, picture: Image, step: Step, door_open: bool) -> None:
        """Take note of an annotated frame."""
        observation, decision = step.observation, step.decision
        seen = observation.face is not None
        now = (seen, decision.verdict, door_open)
        changed = now != self._before and len(self._events) < EVENTS
        due = observation.index % self._stride == 0
        if changed or due:
            tile = _tile(picture), _caption(step, door_open)
            if changed:
                self._events[observation.index] = tile
            else:
                self._between[observation.index] = tile
        if len(self._between) > 2 * TILES:
            # Every second one goes, and from here on only every second one comes: they stay
            # evenly spaced without knowing how long the film will be.
            self._stride *= 2
            self._between = {i: t for i, t in self._between.items() if i % self._stride == 0}
        self._before = now

    def sheet(self, title: str) -> Image:
        """At most `TILES` tiles in order of time. Raises ValueError if there was no frame."""
        chosen = dict(self._events)
        left = dict(self._between)
        while left and len(chosen) < TILES:
            far = max(left, key=lambda i: min((abs(i - j) for j in chosen), default=0))
            chosen[far] = left.pop(far)
        return contact_sheet([chosen[i] for i in sorted(chosen)], COLUMNS, title=title, width=WIDTH)


def _tile(picture: Image) -> Image:
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    return np.asarray(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


def _caption(step: Step, door_open: bool) -> str:
    decision = step.decision
    said = decision.verdict or ("undecided" if step.observation.face is not None else "nobody")
    who = f" {decision.person}" if decision.person else ""
    score = "" if decision.score is None else f", score {decision.score:.3f}"
    door = "open" if door_open else "locked"
    return f"{decision.t:.2f} s: {said}{who}{score}, door {door}"
