"""The checks that ask whether the face lives, as gates. Pure.

A check is required by the configuration, or it has no gate. What is missing or stale has no value,
and a gate without a value does not pass: nothing here is a default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.challenge import Challenge
from edge.config_liveness import Check, Liveness
from edge.faces import flicker
from edge.faces.blink import blinks
from edge.gates import LIVENESS_GATES, Gate
from edge.track import Track

PASSIVE_S = 1.0
"""Frames that passive liveness is asked of ..."""
PASSIVE_SHARE = 0.25
"""... of which so many may be taken for an attack."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the gates are read from.

    track: None unless its newest sighting is this very frame. live_bound: the pack's bound on
    passive liveness. challenge: as it stands now, None when none has begun. due: whether one is
    required now besides. person: whom the votes name.
    """

    track: Track | None
    live_bound: float
    challenge: Challenge | None = None
    due: bool = False
    person: str | None = None


def required(liveness: Liveness, due: bool) -> tuple[Check, ...]:
    """The checks that must pass, in the order of their gates. due: the challenge's hours hold."""
    also = {"challenge"} if due else set()
    return tuple(name for name in LIVENESS_GATES if name in {*liveness.require, *also})


def life_gates(liveness: Liveness, asked: Asked) -> tuple[Gate, ...]:
    """One gate for each required check."""
    return tuple(_GATES[name](liveness, asked) for name in required(liveness, asked.due))


def _passive(liveness: Liveness, asked: Asked) -> Gate:
    """It must hold on the newest frame and on three quarters of the last second's.

    An attack that looks alive for a moment is caught by the other moments.
    """
    if asked.track is None:
        return Gate("passive", None, asked.live_bound)
    newest = asked.track.last
    lives = sorted(
        s.live
        for s in asked.track.sightings
        if s.usable and s.live is not None and newest.t - s.t <= PASSIVE_S
    )
    if newest.live is None or not lives:
        return Gate("passive", None, asked.live_bound)
    low = lives[math.floor(PASSIVE_SHARE * (len(lives) - 1))]
    return Gate("passive", min(low, newest.live), asked.live_bound)


def _motion(liveness: Liveness, asked: Asked) -> Gate:
    evidence = None if asked.track is None else asked.track.evidence
    return Gate("motion", None if evidence is None else evidence.liveliness, liveness.min_motion)


def _turning(liveness: Liveness, asked: Asked) -> Gate:
    value = None if asked.track is None else asked.track.turning
    return Gate("turning", value, liveness.min_turning)


def _blink(liveness: Liveness, asked: Asked) -> Gate:
    value = None
    if asked.track is not None:
        value = float(len(track_blinks(asked.track)))
    return Gate("blink", value, liveness.min_blinks)


def _flicker(liveness: Liveness, asked: Asked) -> Gate:
    value = None
    if asked.track is not None:
        known = [(s.t, s.profile) for s in asked.track.sightings if s.profile is not None]
        value = flicker.banding([t for t, _ in known], [rows for _, rows in known])
    return Gate("flicker", value, None, liveness.max_flicker)


def _fresh(liveness: Liveness, asked: Asked) -> Gate:
    """Share of the track's pictures that had not been there before; all must be new.

    A sensor's noise never comes twice. A camera may deliver one picture several times in a row,
    which counts once; a recording that goes round, or a frozen one, shows earlier ones again.
    """
    value = None
    if asked.track is not None:
        prints = [s.fingerprint for s in asked.track.sightings]
        shown = [p for i, p in enumerate(prints) if i == 0 or p != prints[i - 1]]
        value = len(set(shown)) / len(shown) if len(shown) > 1 else None
    return Gate("fresh", value, 1)


def _challenge(liveness: Liveness, asked: Asked) -> Gate:
    """Share of the acts done; 1 only once all are, for the person who is to be admitted."""
    now, value = asked.challenge, None
    if now is not None and asked.track is not None and now.track == asked.track.number:
        value = now.done / len(now.steps)
        if now.failed or (now.passed_at is not None and now.person != asked.person):
            value = 0.0
    return Gate("challenge", value, 1)


def track_blinks(track: Track) -> tuple[tuple[float, float], ...]:
    """(begin, end) of the blinks in what is kept of a track, seconds."""
    read = [(s.t, s.eyes, s.yaw) for s in track.sightings if s.eyes is not None]
    return blinks([t for t, _, _ in read], [e for _, e, _ in read], [yaw for *_, yaw in read])


_GATES: Mapping[Check, Callable[[Liveness, Asked], Gate]] = {
    "passive": _passive,
    "motion": _motion,
    "turning": _turning,
    "blink": _blink,
    "flicker": _flicker,
    "fresh": _fresh,
    "challenge": _challenge,
}
