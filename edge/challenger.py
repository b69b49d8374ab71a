"""Who is challenged when: draws the acts, keeps a track's try, and waits after failures.

The one place with a state and a source of randomness; what a try is, is in `edge.challenge`.
"""

from __future__ import annotations

from edge.challenge import Challenge, Draw, Seen, advance, begin, steps
from edge.config_liveness import Liveness
from edge.faces.observation import Observation
from edge.life import track_blinks
from edge.track import Track

TRIES = 3
"""So many failed tries in a row ..."""
WAIT_S = 30.0
"""... and no new one begins for so long: guessing takes time."""


class Challenger:
    """Feed it every frame. Not thread safe.

    A track has one try. After a failed one the next begins with the next track, with new acts.
    """

    def __init__(self, liveness: Liveness, draw: Draw) -> None:
        """draw: `random.SystemRandom()`; anything predictable makes the challenge worthless."""
        self._liveness, self._draw = liveness, draw
        self._now: Challenge | None = None
        self._failures = 0
        self._not_before = float("-inf")

    def step(self, seen: Seen) -> Challenge | None:
        """The challenge as it stands after this frame; None where none has begun."""
        before = self._now
        if before is not None:
            self._now = advance(before, seen, self._liveness.challenge_s)
            self._count(before, self._now)
            if not self._now.failed or seen.track in (None, before.track):
                return self._now
        if seen.t >= self._not_before:
            new = begin(seen, steps(self._liveness.challenge_steps, self._draw))
            self._now = self._now if new is None else new
        return self._now

    def drop(self) -> None:
        """No challenge is required on this frame: one that runs is over, and is no failure."""
        self._now = None

    def forget(self) -> None:
        """The track is gone. A try that ran has failed: leaving is no way to new acts for free."""
        if self._now is not None and self._now.running:
            self._fail(self._now.seen_at)
        self._now = None

    def _count(self, before: Challenge, after: Challenge) -> None:
        if before.running and after.failed:
            self._fail(after.seen_at)
        elif before.running and after.passed_at is not None:
            self._failures = 0

    def _fail(self, t: float) -> None:
        self._failures += 1
        if self._failures >= TRIES:
            self._failures, self._not_before = 0, t + WAIT_S


def seen_by(
    observation: Observation, track: Track | None, person: str | None, landmark_bound: float | None
) -> Seen:
    """What the challenge needs of a frame.

    person: whom this frame's face is recognised as, within the door's bounds. landmark_bound: as in
    `edge.gates`; below it there is no yaw to be relied upon.
    """
    face, current = observation.face, None
    if track is not None and track.last.index == observation.index:
        current = track
    sure = face is not None and (
        landmark_bound is None
        or (face.confidence is not None and face.confidence >= landmark_bound)
    )
    return Seen(
        t=observation.t,
        track=None if current is None else current.number,
        yaw=face.pose.yaw if face is not None and sure else None,
        person=person,
        blinks=() if current is None else track_blinks(current),
    )
