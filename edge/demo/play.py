"""One film of the demonstration through the door's own path, and what it came to."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from edge.cameras.base import Camera, Image
from edge.console import Output
from edge.errors import CameraError
from edge.outputs import replacing
from edge.pipeline import Pipeline, Step
from edge.render import FilmWriter, annotate
from edge.render.frame import FOOTER, HEADER
from edge.watching.door import FilmDoor
from edge.watching.record import Summary
from edge.watching.view import View

TILE = 406
"""Width of the pictures kept for the contact sheet, pixels."""


class Drawn(Camera):
    """A camera whose pictures are computed as they are asked for."""

    live = False

    def __init__(self, uri: str, pictures: Iterator[Image], fps: float, count: int) -> None:
        super().__init__(uri)
        self.fps, self.frame_count = fps, count
        self._pictures, self._rate = pictures, fps

    def _fetch(self) -> tuple[Image, float] | None:
        picture = next(self._pictures, None)
        return None if picture is None else (picture, self._index / self._rate)

    def _release(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Scene:
    """A film to be shown. expected: who must be let in, or "nobody". limit_s: film seconds."""

    role: Literal["person", "stranger", "printed"]
    title: str
    expected: str
    limit_s: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Shot:
    """A frame kept for the contact sheet: its small annotated picture and what was decided."""

    picture: Image
    t: float
    person: str | None
    score: float | None
    recognised: bool
    door_open: bool
    failed: tuple[str, ...]


@dataclass(slots=True)
class Played:
    """What a film came to.

    recognised: frames whose best candidate is the enrolled person at or above `bound`.
    refused: per gate, on how many of the frames with a face it did not pass;
    refused_recognised: likewise of the recognised frames alone.
    """

    scene: Scene
    film: Path
    bound: float | None
    summary: Summary = field(default_factory=Summary)
    shots: list[Shot] = field(default_factory=list)
    recognised: int = 0
    refused_recognised: Counter[str] = field(default_factory=Counter)
    frame_ms: list[float] = field(default_factory=list)

    @property
    def refused(self) -> Counter[str]:
        return self.summary.failed

    @property
    def outcome(self) -> str:
        return ", ".join(self.summary.people) or "nobody"

    @property
    def met(self) -> bool:
        return self.summary.met(self.scene.expected)

    @property
    def median_ms(self) -> float | None:
        return statistics.median(self.frame_ms) if self.frame_ms else None

    @property
    def first_grant(self) -> float | None:
        return self.summary.grants[0][0] if self.summary.grants else None

    def as_json(self) -> dict[str, Any]:
        """For `summary.json`."""
        return {
            "film": str(self.film),
            "expected": self.scene.expected,
            "outcome": self.outcome,
            "met": self.met,
            "first_grant_s": self.first_grant,
            "score_bound": self.bound,
            "recognised_frames": self.recognised,
            "refused_recognised": dict(self.refused_recognised.most_common()),
            "median_ms": self.median_ms,
            **self.summary.as_json(),
        }


def play(
    scene: Scene, camera: Camera, pipeline: Pipeline, person: str, film: Path, output: Output
) -> Played:
    """Show the film, write it annotated to `film`. person: who counts as recognised.

    Raises CameraError for a film without a frame, OutputError.
    """
    pipeline.forget()
    played = Played(scene, film, pipeline.bound)
    rate = min(max(camera.fps or 30.0, 1.0), 120.0)
    total = camera.frame_count
    if total is not None and scene.limit_s is not None:
        total = min(total, round(scene.limit_s * rate) + 1)
    door: FilmDoor | None = None
    writer: FilmWriter | None = None
    with replacing(film) as beside, View(output, total, scene.title) as view:
        try:
            while (frame := camera.read()) is not None:
                step = pipeline.step(frame)
                door = door or FilmDoor(pipeline.config.lock, frame.t)
                door.step(step)
                _count(played, step, person)
                picture = annotate(
                    frame.image,
                    step,
                    locked=not door.is_open,
                    opened_for=door.opened_for,
                    show_candidates=True,
                )
                if writer is None:
                    writer = FilmWriter(beside, rate, (picture.shape[1], picture.shape[0]))
                writer.write(picture)
                played.shots.append(_shot(picture, played, step, person, door.is_open))
                view.show(step, door_open=door.is_open, opened_for=door.opened_for)
                if scene.limit_s is not None and played.summary.seconds >= scene.limit_s:
                    break
        finally:
            if writer is not None:
                writer.close()
        if door is None:
            raise CameraError(f"{camera.uri}: the film holds no frame")
    played.summary.openings = door.openings
    return played


def _recognised(step: Step, bound: float | None, person: str) -> bool:
    match = step.match
    return (
        match is not None and bound is not None and match.person == person and match.score >= bound
    )


def _count(played: Played, step: Step, person: str) -> None:
    played.summary.add(step)
    played.frame_ms.append(sum(step.stage_ms.values()))
    if _recognised(step, played.bound, person):
        played.recognised += 1
        played.refused_recognised.update(step.decision.failed)


def _shot(picture: Image, played: Played, step: Step, person: str, door_open: bool) -> Shot:
    unit = picture.shape[1] / 640
    body = picture[round(HEADER * unit) : picture.shape[0] - round(FOOTER * unit)]
    size = (TILE, round(body.shape[0] * TILE / body.shape[1]))
    return Shot(
        np.asarray(cv2.resize(body, size, interpolation=cv2.INTER_AREA), np.uint8),
        step.observation.t,
        step.decision.person,
        None if step.match is None else step.match.score,
        _recognised(step, played.bound, person),
        door_open,
        step.decision.failed,
    )
