"""Looking at a source until there is enough to choose from. Feed it frames; it keeps what passes.

A live camera must also show the motion of a living face (`edge.faces.planar`), as the door will
ask for it: readings of a whole track decide by their upper quartile. People stand still for most
of the time that they are looked at, and a single lucky reading must not do. A film long enough to
tell is held to the same. Pictures cannot show motion; of them only the passive check is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from edge.cameras.base import Frame, Image
from edge.config import Config
from edge.enrolment import choose, hints
from edge.enrolment.candidate import Candidate, candidate, enrolment_gates, stricter
from edge.faces.analyzer import Analyzer
from edge.faces.landmarks import landmark_bound
from edge.faces.liveness import passive_bound
from edge.faces.observation import Observation
from edge.gates import Gate
from edge.packs import Pack
from edge.packs.scores import threshold
from edge.render import crop
from edge.track import Track, follow

EVERY_S = 0.15
"""Of frames closer together only the best is kept: neighbours in a film say the same."""
TILE = 160
PATIENCE_S = 1.5
"""A track without motion for this long is told to move."""


@dataclass(slots=True)
class Failures:
    """How many frames failed which gate, and with what values."""

    count: int = 0
    values: list[float] = field(default_factory=list)
    bound: Gate | None = None

    def add(self, gate: Gate) -> None:
        self.count += 1
        self.bound = gate
        if gate.value is not None:
            self.values.append(gate.value)

    def text(self, name: str, frames: int) -> str:
        """One line: how many frames, the usual value and what is asked for."""
        line = f"{name}: {self.count} of {frames}"
        if not self.values or self.bound is None:
            return line
        low, high = self.bound.low, self.bound.high
        asked = " to ".join(f"{v:g}" for v in dict.fromkeys((low, high)) if v is not None)
        word = "at least " if high is None else "at most " if low is None else ""
        return f"{line} (usually {median(self.values):.3g}, asked for {word}{asked})"


MIN_READINGS = 10
"""Frames whose motion could be judged; fewer, where the face is mostly hidden, tell nothing."""


def moved(readings: Sequence[float], least: float) -> bool:
    """Whether a track's liveliness reaches `least` in a quarter of its readings.

    Not in most: people stand still while they are looked at. Nor in one, which may be luck.
    """
    return float(np.percentile(readings, 75)) >= least


class Look:
    """State of one look at one source. hint: what to tell the person now, None when all is well.

    frames: how many were fed. failures: by gate; a frame counts under each gate that it failed.
    """

    def __init__(
        self,
        pack: Pack,
        config: Config,
        *,
        still: bool,
        want: int,
        live: bool = False,
        tiles: bool = False,
    ) -> None:
        """still: the source shows separate pictures. live: it is a camera. want: templates.
        tiles: keep face cut-outs.
        """
        self._live = live
        self._analyzer = Analyzer(pack, config)
        self._strict = stricter(config)
        self._bounds = config.enrolment
        self._min_motion = config.liveness.min_motion
        self._live_bound = passive_bound(pack)
        self._landmark_bound = landmark_bound(pack)
        scores = pack.manifest.roles.embedder.head.scores
        self.consistency = threshold(scores, config.enrolment.consistency_fmr)
        self.still, self.want, self._tiles = still, want, tiles
        self.frames = 0
        self.cut_short = False
        self.failures: dict[str, Failures] = {}
        self.hint: str | None = "look at the camera"
        self.last_failed: tuple[Gate, ...] = ()
        self._track: Track | None = None
        self._number = 0  # of the next track
        self._motion: dict[int, list[float]] = {}
        self._kept: list[tuple[int, Candidate]] = []  # with the number of the track

    def feed(self, frame: Frame) -> None:
        """Look at one more frame."""
        self.weigh(self._analyzer.observe(frame), frame.image)

    def weigh(self, observation: Observation, image: Image | None = None) -> None:
        """What `feed` does once the networks have looked. image: only tiles need it."""
        self.frames += 1
        gates = enrolment_gates(observation, self._strict, self._live_bound, self._landmark_bound)
        self.last_failed = tuple(gate for gate in gates if not gate.passed)
        number = self._follow(observation, usable=not self.last_failed)
        for gate in self._blamed(self.last_failed):
            self.failures.setdefault(gate.name, Failures()).add(gate)
        if not self.last_failed:
            tile = _tile(image, observation) if self._tiles and image is not None else None
            self._keep(number, candidate(observation, self._bounds, tile))
        self.hint = hints.failing(self.last_failed) or self._guidance(observation.t, number)

    def candidates(self) -> list[Candidate]:
        """Those kept so far whose track moved as a living face does, repetitions left out."""
        return choose.distinct([c for number, c in self._kept if self._alive(number)])

    def unmoved(self) -> int:
        """How many candidates are left out because nothing moved, or not long enough to tell."""
        return sum(1 for number, _ in self._kept if not self._alive(number))

    def chosen(self) -> list[Candidate]:
        """The templates as they would be taken now."""
        one = choose.one_person(self.candidates(), self.consistency)
        return choose.spread(one, self.want, self.consistency)

    def ready(self) -> bool:
        """Whether a live camera may stop: enough, and of more than one side."""
        chosen = self.chosen()
        return (
            len(chosen) >= self.want
            and choose.pose_spread(chosen) >= self._bounds.pose_spread
            and hints.wanted_pose(chosen) is None
        )

    def _follow(self, observation: Observation, *, usable: bool) -> int:
        """The number of the track that the frame belongs to."""
        if self.still:
            return 0
        self._track = follow(self._track, observation, None, usable=usable, number=self._number)
        if self._track is None:
            return self._number
        self._number = self._track.number + 1
        evidence = self._track.evidence
        if evidence is not None and self._track.last.index == observation.index:
            self._motion.setdefault(self._track.number, []).append(evidence.liveliness)
        return self._track.number

    def _alive(self, number: int) -> bool:
        if self.still:
            return True
        readings = self._motion.get(number, ())
        if len(readings) < MIN_READINGS:
            # Too short to tell. A film is a file that the administrator vouches for, as for
            # pictures; whoever stands before a camera must show it.
            return not self._live
        return moved(readings, self._min_motion)

    def _keep(self, number: int, new: Candidate) -> None:
        if not self.still and self._kept:
            before, last = self._kept[-1]
            # Bins of fixed time: comparing with the last one kept would let a bin creep on.
            if before == number and int(last.t / EVERY_S) == int(new.t / EVERY_S):
                if new.quality > last.quality:
                    self._kept[-1] = number, new
                return
        self._kept.append((number, new))

    def _guidance(self, t: float, number: int) -> str | None:
        if self.still:
            return None
        started = t if self._track is None else self._track.started
        if not self._alive(number) and t - started > PATIENCE_S:
            return hints.failing([Gate(hints.MOTION, None, self._min_motion)])
        return hints.wanted_pose([c for _, c in self._kept])

    @staticmethod
    def _blamed(failed: Sequence[Gate]) -> Sequence[Gate]:
        # Without a face every gate fails for want of a value; only the first is to blame.
        nobody = bool(failed) and failed[0].name == "one_face" and not failed[0].value
        return failed[:1] if nobody else failed


def _tile(image: Image, observation: Observation) -> Image:
    """The face with some surroundings, square, at most `TILE` pixels a side."""
    assert observation.face is not None
    return crop(image, observation.face.box, TILE)
