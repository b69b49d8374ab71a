"""Frame in, decision out: the one path that daemon, film player, demo and benchmark all take."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from edge import hours
from edge.calibration.bound import Standing, standing
from edge.cameras import Frame
from edge.challenge import Challenge
from edge.challenger import Challenger, seen_by
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

    match: the best candidate when the face was compared. challenge: what is asked of the person, as
    it stands. Both are for people who look; nothing but `decision` opens the door.
    """

    observation: Observation
    decision: Decision
    match: Match | None
    stage_ms: dict[str, float]
    challenge: Challenge | None = None


class Pipeline:
    """Owns the track. Not thread safe: one thread steps it; `gallery` may be set from there."""

    def __init__(
        self,
        pack: Pack,
        gallery: Gallery,
        config: Config,
        *,
        local_time: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        """local_time: None where it is not known, as for a film; then every hour is one in which
        the challenge is required, if the configuration names hours at all."""
        self.pack, self.config = pack, config
        self._local_time = local_time
        self._hours = tuple(hours.parse(text) for text in config.liveness.challenge_hours)
        self._challenger = Challenger(config.liveness, random.SystemRandom())
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
        self._challenger.forget()

    def challenge_due(self) -> bool:
        """Whether a challenge is required now: always, in these hours, or the time is not known."""
        if "challenge" in self.config.liveness.require:
            return True
        if not self._hours:
            return False
        now = self._local_time()
        return now is None or any(span.cover(now) for span in self._hours)

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
        self._track = follow(
            self._track,
            observation,
            match,
            usable=usable,
            number=self._numbers,
            turns="turning" in self.config.liveness.require,
        )
        if self._track is not None:
            self._numbers = self._track.number + 1
        marks.append(time.perf_counter())
        due = self.challenge_due()
        challenge = self._challenged(observation, match, due=due)
        decision = decide(
            observation,
            self._track,
            config=self.config,
            score_bound=self._standing.bound,
            live_bound=self._live_bound,
            landmark_bound=self._landmark_bound,
            challenge=challenge,
            challenge_due=due,
        )
        marks.append(time.perf_counter())
        late = {
            name: (end - start) * 1e3
            for name, start, end in zip(
                ("match", "track", "decide"), marks[:-1], marks[1:], strict=True
            )
        }
        return Step(observation, decision, match, late, challenge)

    def _challenged(
        self, observation: Observation, match: Match | None, *, due: bool
    ) -> Challenge | None:
        """The challenge after this frame. A match below the door's bounds recognises nobody."""
        if not due:
            self._challenger.drop()
            return None
        margin = self.config.decision.min_margin
        known = match is not None and self.bound is not None and match.score >= self.bound
        person = match.person if match is not None and known and match.margin >= margin else None
        least = self._landmark_bound
        return self._challenger.step(seen_by(observation, self._track, person, least))
