"""Films or a camera with people who are not enrolled, through the door's own path to scores.

What counts as a trial is a person, not a frame and not a track: whoever comes twice is still one.
Tracks that the embedder takes for one person are joined, on the side of joining too many, which
makes fewer trials and so claims less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from edge.calibration.recording import Recording, TrackScore
from edge.cameras import Camera
from edge.faces.observation import Floats
from edge.pipeline import Pipeline, Step

KEEP = 16
"""Embeddings of a track that are kept in memory, spread over its length, to tell people apart."""


@dataclass(eq=False, slots=True)
class _Seen:
    """One track while it is recorded."""

    source: int
    score: float
    resembles: str
    frames: int = 0
    every: int = 1
    embeddings: list[Floats] = field(default_factory=list)

    def add(self, score: float, person: str, embedding: Floats) -> None:
        if score > self.score:
            self.score, self.resembles = score, person
        if self.frames % self.every == 0:
            self.embeddings.append(embedding)
            if len(self.embeddings) > KEEP:
                self.embeddings = self.embeddings[::2]
                self.every *= 2
        self.frames += 1


@dataclass(slots=True)
class Recorder:
    """Feed it sources one after another; then ask for the recording.

    admitted: whom the door would have let in, by source: a stranger taken for somebody, or
    somebody enrolled who should not be in a recording of strangers.
    """

    pipeline: Pipeline
    frames: int = 0
    with_face: int = 0
    compared: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    admitted: list[tuple[str, str]] = field(default_factory=list)
    _sources: list[str] = field(default_factory=list)
    _tracks: dict[int, _Seen] = field(default_factory=dict)

    def record(
        self, camera: Camera, name: str, limit_s: float | None, show: Callable[[Step], None]
    ) -> None:
        """Play one source. limit_s: seconds of it, None for all. show: is told of each frame."""
        self.pipeline.forget()
        self._sources.append(name)
        first: float | None = None
        while (frame := camera.read()) is not None:
            first = frame.t if first is None else first
            step = self.pipeline.step(frame)
            self._add(step, name)
            show(step)
            if limit_s is not None and frame.t - first >= limit_s:
                break

    def _add(self, step: Step, name: str) -> None:
        face, match, number = step.observation.face, step.match, step.decision.track
        self.frames += 1
        if face is not None:
            self.with_face += 1
        person = step.decision.person
        if person is not None and (name, person) not in self.admitted:
            self.admitted.append((name, person))
        if face is None or face.embedding is None or match is None or number is None:
            if face is not None:
                self.failed.update(step.decision.failed)
            return
        self.compared += 1
        source = len(self._sources) - 1
        seen = self._tracks.setdefault(number, _Seen(source, match.score, match.person))
        seen.add(match.score, match.person, face.embedding)

    @property
    def highest(self) -> tuple[str, str, float] | None:
        """Source, who is resembled, and score of the track with the best score."""
        if not self._tracks:
            return None
        best = max(self._tracks.values(), key=lambda seen: seen.score)
        return self._sources[best.source], best.resembles, best.score

    def recording(self, *, alike_from: float, one_each: bool) -> Recording | None:
        """All tracks; None if no face was compared.

        alike_from: cosine from which two tracks are taken for one person. one_each: each source
        shows one person, and another in each; nothing is guessed then.
        """
        if not self._tracks:
            return None
        tracks = list(self._tracks.values())
        people = (
            [seen.source for seen in tracks]
            if one_each
            else joined([np.stack(seen.embeddings) for seen in tracks], alike_from)
        )
        return Recording(
            format="face-gate impostor scores 1",
            embedder_sha256=self.pipeline.pack.embedder_sha256,
            gallery_sha256=self.pipeline.gallery.digest,
            recorded=datetime.now(UTC).replace(microsecond=0),
            agree=self.pipeline.config.decision.agree,
            tracks=tuple(
                TrackScore(
                    person=str(person + 1),
                    track=str(number + 1),
                    score=min(max(seen.score, -1.0), 1.0),
                    frames=seen.frames,
                    source=_printable(self._sources[seen.source]),
                )
                for number, (seen, person) in enumerate(zip(tracks, people, strict=True))
            ),
        )


def joined(tracks: Sequence[Floats], alike_from: float) -> list[int]:
    """A number 0.. per person for each track, (n, D) rows of length 1.

    Two tracks with any two rows of cosine `alike_from` or more are one person, and so are all
    that hang together by such pairs (single linkage).
    """
    people = list(range(len(tracks)))
    for later in range(len(tracks)):
        for earlier in range(later):
            if people[later] == people[earlier]:
                continue
            if float((tracks[later] @ tracks[earlier].T).max()) >= alike_from:
                old, new = people[later], people[earlier]
                people = [new if p == old else p for p in people]
    order = {p: n for n, p in enumerate(dict.fromkeys(people))}
    return [order[p] for p in people]


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[-256:]
