"""Where the frames of a watched film go: annotated film, lines, sheet."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from edge.cameras import Frame
from edge.console import json_text
from edge.errors import OutputError
from edge.outputs import replacing, write_picture
from edge.pipeline import Step
from edge.render import FilmWriter, annotate
from edge.watching.door import FilmDoor
from edge.watching.moments import Moments
from edge.watching.record import line

DEFAULT_RATE = 15.0
"""Frames per second of the annotated film when the source states none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write; None is nothing. jsonl: Path("-") is standard output."""

    film: Path | None
    jsonl: Path | None
    sheet: Path | None
    show_candidates: bool


class Sinks:
    """A context manager: leaving it well puts every file in its place, leaving it by an error
    or an interrupt puts none there. Raises OutputError."""

    def __init__(self, wanted: Wanted, title: str, fps: float | None) -> None:
        """fps: of the source."""
        self._wanted, self._title = wanted, title
        self._fps = min(max(fps or DEFAULT_RATE, 1.0), 120.0)
        self._stack = ExitStack()
        self._lines: TextIO | None = None
        self._film_path: Path | None = None
        self._film: FilmWriter | None = None
        self._shape = (0, 0)
        self._moments = None if wanted.sheet is None else Moments()

    def add(self, frame: Frame, step: Step, door: FilmDoor) -> None:
        """Write one frame wherever it is wanted."""
        show = self._wanted.show_candidates
        if self._lines is not None:
            data = line(step, door_open=door.is_open, show_candidates=show)
            try:
                self._lines.write(json_text(data) + "\n")
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputError(
                    f"{self._wanted.jsonl}: cannot be written: {error.strerror}"
                ) from error
        if self._film_path is None and self._moments is None:
            return
        picture = annotate(
            frame.image,
            step,
            locked=not door.is_open,
            opened_for=door.opened_for,
            show_candidates=show,
        )
        if self._film_path is not None:
            shape = picture.shape[1], picture.shape[0]
            if self._film is None:
                writer = FilmWriter(self._film_path, self._fps, shape)
                self._film, self._shape = self._stack.enter_context(writer), shape
            elif shape != self._shape:
                raise OutputError(
                    f"{self._wanted.film}: the pictures differ in size and cannot be one film; "
                    "leave out --out, use --sheet"
                )
            self._film.write(picture)
        if self._moments is not None:
            self._moments.add(picture, step, door.is_open)

    def __enter__(self) -> Self:
        w = self._wanted
        try:
            if w.jsonl is not None and str(w.jsonl) == "-":
                self._lines = sys.stdout
            elif w.jsonl is not None:
                path = self._stack.enter_context(replacing(w.jsonl))
                self._lines = self._stack.enter_context(path.open("w", encoding="utf-8"))
            if w.film is not None:
                self._film_path = self._stack.enter_context(replacing(w.film))
        except BaseException as error:
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and self._moments is not None and self._wanted.sheet is not None:
            try:
                write_picture(self._wanted.sheet, self._moments.sheet(self._title))
            except BaseException as late:
                self._stack.__exit__(type(late), late, late.__traceback__)
                raise
        self._stack.__exit__(kind, error, trace)
