"""The decision: pure, and a conjunction.

`decide` takes what was seen and the bounds, and returns a frozen record that lists every gate
with its value and bound. A grant needs every required gate present and passed; a gate whose value
is missing or not a number has not passed. Clocks, files and threads are passed in or absent.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.challenge import Challenge
from edge.config import Config
from edge.faces.observation import Observation
from edge.gates import IDENTITY_GATES, Gate, frame_gate_names, frame_gates
from edge.life import Asked, life_gates, required
from edge.track import Sighting, Track

Verdict: TypeAlias = Literal["grant", "deny"]


@dataclass(frozen=True, slots=True)
class Decision:
    """verdict: "grant", "deny", or None while undecided. person: only with a grant.

    score: the newest frame's cosine with the best person, also when not granted.
    """

    t: float
    verdict: Verdict | None
    person: str | None
    score: float | None
    gates: tuple[Gate, ...]
    track: int | None = None

    def __post_init__(self) -> None:
        if self.verdict == "grant" and (
            self.person is None or not self.gates or not all(g.passed for g in self.gates)
        ):
            raise AssertionError("a grant with a gate missing or not passed")
        if self.verdict != "grant" and self.person is not None:
            raise AssertionError("only a grant names a person")

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the gates that have not passed."""
        return tuple(g.name for g in self.gates if not g.passed)


def voters(track: Track, now: float, config: Config) -> tuple[Sighting, ...]:
    """The last M usable, compared, distinct frames of the track within the time allowed.

    Distinct by content: a camera that repeats one picture does not gather votes.
    """
    d = config.decision
    chosen: list[Sighting] = []
    seen: set[int] = set()
    for s in reversed(track.sightings):
        if now - s.t > d.within_s or len(chosen) == d.of:
            break
        if s.usable and s.match is not None and s.fingerprint not in seen:
            seen.add(s.fingerprint)
            chosen.append(s)
    return tuple(chosen)


def _agreement(
    votes: tuple[Sighting, ...], score_bound: float, config: Config
) -> tuple[str | None, int]:
    """The person whom most votes name with score and margin within bounds, and how many do."""
    names = Counter(
        s.match.person
        for s in votes
        if s.match is not None
        and s.match.score >= score_bound
        and s.match.margin >= config.decision.min_margin
    )
    if not names:
        return None, 0
    person, count = names.most_common(1)[0]
    return person, count


def decide(
    observation: Observation,
    track: Track | None,
    *,
    config: Config,
    score_bound: float | None,
    live_bound: float,
    landmark_bound: float | None,
    challenge: Challenge | None,
    challenge_due: bool,
) -> Decision:
    """What the door does after this frame.

    track: the face's track with this observation already in it, or None when nobody is there.
    score_bound: cosine that the configured false-accept target asks for at this gallery's size;
    None when nobody is enrolled, and then nobody is admitted. live_bound: the pack's bound on
    passive liveness. landmark_bound: its bound on the landmarks' confidence; None only when its
    network gives none, and then there is no such gate. challenge: as it stands with this frame.
    challenge_due: whether it is required now, beside what the configuration requires always.
    """
    gates = list(frame_gates(observation, config, landmark_bound))
    current = track is not None and track.last.index == observation.index
    sighting = track.last if track is not None and current else None
    match = sighting.match if sighting else None
    votes = voters(track, observation.t, config) if track is not None else ()
    bound = math.inf if score_bound is None else score_bound
    person, count = _agreement(votes, bound, config)
    agreed = match is not None and match.person == person
    seen = track if current else None
    asked = Asked(seen, live_bound, challenge, challenge_due, person if agreed else None)
    gates += [
        *life_gates(config.liveness, asked),
        Gate("match", match.score if match and (agreed or person is None) else None, score_bound),
        Gate("margin", match.margin if match else None, config.decision.min_margin),
        Gate("agreement", float(count), config.decision.agree),
    ]
    needed = (
        *frame_gate_names(landmark_bound),
        *required(config.liveness, challenge_due),
        *IDENTITY_GATES,
    )
    names = {g.name for g in gates if g.passed}
    score = match.score if match else None
    number = track.number if track is not None else None
    if agreed and person is not None and all(name in names for name in needed):
        return Decision(observation.t, "grant", person, score, tuple(gates), number)
    waited = track is not None and observation.t - track.started >= config.decision.deny_after_s
    # Who is doing what was asked for is not turned away in the middle of it.
    answering = challenge is not None and challenge.running
    verdict: Verdict | None = "deny" if waited and current and not answering else None
    return Decision(observation.t, verdict, None, score, tuple(gates), number)
