"""Frame in, decision out: the one path that daemon, film player, demo and benchmark all take."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from edge.calibration.bound import Standing, standing
from edge.cameras import Frame
from edge.config import Config
from edge.decide import Decision, decide
from edge.faces.analyzer import STAGES as FACE_STAGES
from edge.faces.analyzer import Analyzer
from edge.faces.landmarks import landmark_bound
from edge.faces.liveness import passive_bound
from edge.faces.observation import Observation
from edge.gallery import Gallery, Match
from edge.packs import Pack
from edge.track import Track, follow

STAGES = (*FACE_STAGES, "match", "track", "decide")


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One frame's observation and decision, and milliseconds per stage of `STAGES`.

    match: the best candidate when the face was compared. It is for people who look at a test
    film; nothing but `decision` opens the door.
    """

    observation: Observation
    decision: Decision
    match: Match | None
    stage_ms: dict[str, float]


class Pipeline:
    """Owns the track. Not thread safe: one thread steps it; `gallery` may be set from there."""

    def __init__(self, pack: Pack, gallery: Gallery, config: Config) -> None:
        self.pack, self.config = pack, config
        self.analyzer = Analyzer(pack, config)
        self._live_bound = passive_bound(pack)
        self._landmark_bound = landmark_bound(pack)
        self._track: Track | None = None
        self._numbers = 0
        self.gallery = gallery

    @property
    def gallery(self) -> Gallery:
        """Who is enrolled. Setting it derives the score bound anew: more people, a higher bar."""
        return self._gallery

    @gallery.setter
    def gallery(self, gallery: Gallery) -> None:
        self._standing = standing(
            self.pack.manifest.roles.embedder,
            gallery,
            self.config.decision.target_fpir,
            self.config.calibration,
        )
        self._gallery = gallery

    @property
    def standing(self) -> Standing:
        """The bound, and whether a calibration stands behind it."""
        return self._standing

    @property
    def bound(self) -> float | None:
        """The cosine that a match must reach, or None while nobody is enrolled."""
        return self._standing.bound

    def forget(self) -> None:
        """Drop the track: after a lost camera or a reload nothing seen before counts."""
        self._track = None

    def step(self, frame: Frame) -> Step:
        """All that happens between a frame and a decision."""
        step = self.judge(self.analyzer.observe(frame))
        return replace(step, stage_ms={**self.analyzer.stage_ms, **step.stage_ms})

    def judge(self, observation: Observation) -> Step:
        """What `step` does once the networks have looked: match, track, decide.

        observation: of this pack and configuration, in the order of the camera. Whoever has kept
        the observations of a film can so play it again with another gallery. stage_ms of the
        answer has these stages alone.
        """
        marks = [time.perf_counter()]
        face = observation.face
        usable = face is not None and face.embedding is not None
        match = (
            self._gallery.search(face.embedding)
            if face is not None and face.embedding is not None
            else None
        )
        marks.append(time.perf_counter())
        self._track = follow(self._track, observation, match, usable=usable, number=self._numbers)
        if self._track is not None:
            self._numbers = self._track.number + 1
        marks.append(time.perf_counter())
        decision = decide(
            observation,
            self._track,
            config=self.config,
            score_bound=self._standing.bound,
            live_bound=self._live_bound,
            landmark_bound=self._landmark_bound,
        )
        marks.append(time.perf_counter())
        late = {
            name: (end - start) * 1e3
            for name, start, end in zip(
                ("match", "track", "decide"), marks[:-1], marks[1:], strict=True
            )
        }
        return Step(observation, decision, match, late)
