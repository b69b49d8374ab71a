"""One face followed over frames: a frozen track that grows by one observation at a time.

Pure: `follow` takes a track and an observation and returns a new track. All that a decision over
time needs lives here; clocks and threads do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.faces import flicker, planar, turning
from edge.faces.blink import openness
from edge.faces.observation import Face, Floats, Observation
from edge.gallery import Match

MAX_GAP_S = 0.5
"""A face not seen for longer is a new face."""
MIN_IOU = 0.2
"""A box that overlaps less with the last one is another face."""
KEEP_S = 2.5
"""Entries older than this no longer count."""
KEY_EVERY_S = 0.65
"""Keys run staggered by this."""
KEY_S = 2.0
"""... and serve as long as this: a hand may be before a face for a second."""
LOST_S = 0.1
"""A face that has been like no key for longer (a hand has left it, it has turned) gets a new one
at once."""
MOST_KEYS = 4
"""In all, since every one costs a registration a frame."""


@dataclass(frozen=True, eq=False, slots=True)
class Sighting:
    """What of one frame counts towards a decision. match: None when not compared.

    Of a usable frame only: eyes, how open each is (`edge.faces.blink`), None where they cannot be
    read; profile, the light of the face's rows (`edge.faces.flicker`).
    """

    t: float
    index: int
    fingerprint: int
    eyes: tuple[float, float] | None
    yaw: float
    live: float | None
    usable: bool
    match: Match | None
    profile: Floats | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """Patches laid on one key."""

    key: planar.Key
    registered: tuple[planar.Registered, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Turn:
    """Patches compared with one view. t: of the last. yaws: degrees, against the view's."""

    view: turning.View
    t: float
    yaws: tuple[float, ...] = ()
    likenesses: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Track:
    """number: counts faces, so that a log can tell them apart. started: time of its first frame.

    face: as last seen. evidence: of non-planar motion, None while there is too little. turning:
    that the head turned as no picture does (`edge.faces.turning`), None while it has not turned
    or nobody asks.
    """

    number: int
    started: float
    face: Face
    sightings: tuple[Sighting, ...]
    windows: tuple[Window, ...]
    evidence: planar.Evidence | None
    turns: tuple[Turn, ...] = ()
    turning: float | None = None

    @property
    def last(self) -> Sighting:
        return self.sightings[-1]


def overlap(a: Face, b: Face) -> float:
    """Intersection over union of two faces' boxes, 0..1."""
    low = np.maximum(a.box[:2], b.box[:2])
    high = np.minimum(a.box[2:], b.box[2:])
    inside = float(np.prod(np.maximum(high - low, 0)))
    area = float(np.prod(a.box[2:] - a.box[:2]) + np.prod(b.box[2:] - b.box[:2]))
    return inside / (area - inside) if area > inside else 0.0


def _extend(windows: tuple[Window, ...], t: float, face: Face) -> tuple[Window, ...]:
    grown, seen = [], planar.seen(t, face.patch, face.patch_matrix)
    for window in windows:
        if t - window.key.t > KEY_S:
            continue
        laid = planar.register(window.key, seen)
        grown.append(window if laid is None else _with(window, laid))
    if _wants_key(grown, t):
        key = planar.make_key(seen)
        if key is not None:
            own = planar.register(key, seen)
            grown.append(Window(key) if own is None else _with(Window(key), own))
    return tuple(grown)


def _wants_key(windows: Sequence[Window], t: float) -> bool:
    if not windows:
        return True
    laid = max((w.registered[-1].t for w in windows if w.registered), default=t)
    due = t - windows[-1].key.t >= KEY_EVERY_S
    return len(windows) < MOST_KEYS and (due or t - laid >= LOST_S)


def _with(window: Window, laid: planar.Registered) -> Window:
    return replace(window, registered=(*window.registered, laid))


def _fresh(windows: tuple[Window, ...], t: float) -> Iterator[Window]:
    """Only those that the newest patch was laid on, the oldest first.

    Else a living face could vouch for the picture that has just been put in front of it.
    """
    return (w for w in windows if w.registered and w.registered[-1].t == t)


def _weigh(windows: tuple[Window, ...], t: float) -> planar.Evidence | None:
    """Of the window that says most: of a flat picture none says anything."""
    said = (planar.weigh(w.key, w.registered) for w in _fresh(windows, t))
    known = (evidence for evidence in said if evidence is not None)
    return max(known, key=lambda evidence: evidence.liveliness, default=None)


def _turn(turns: tuple[Turn, ...], t: float, face: Face) -> tuple[Turn, ...]:
    """Two views run staggered."""
    grown, yaw = [], face.pose.yaw
    for turn in turns:
        if t - turn.view.t > 2 * KEY_EVERY_S:
            continue
        like = turning.likeness(turn.view, face.patch)
        if like is not None:
            yaws = (*turn.yaws, yaw - turn.view.yaw)
            turn = Turn(turn.view, t, yaws, (*turn.likenesses, like))
        grown.append(turn)
    if not grown or t - grown[-1].view.t >= KEY_EVERY_S:
        grown.append(Turn(turning.view(t, yaw, face.patch), t))
    return tuple(grown)


def _turned(turns: tuple[Turn, ...], t: float) -> float | None:
    """Of the oldest view in which the head has turned, if the newest patch is like it."""
    said = (turning.unlikeness(turn.yaws, turn.likenesses) for turn in turns if turn.t == t)
    return next((value for value in said if value is not None), None)


def follow(
    track: Track | None,
    observation: Observation,
    match: Match | None,
    *,
    usable: bool,
    number: int,
    turns: bool = False,
) -> Track | None:
    """The track with this observation added, a new one for a new face, or None.

    usable: every per-frame quality gate held. number: of a new track, should one begin. turns:
    whether turning is asked for, which costs as much again as the evidence of motion. A frame
    without a face ends the track only after `MAX_GAP_S`; time that runs backwards ends it at
    once.
    """
    face, t = observation.face, observation.t
    if track is not None and not 0 <= t - track.last.t <= MAX_GAP_S:
        track = None
    if face is None:
        return track
    if track is not None and overlap(track.face, face) < MIN_IOU:
        track = None
    sighting = Sighting(
        t=t,
        index=observation.index,
        fingerprint=hash(face.patch.tobytes()),
        eyes=openness(face.patch, face.patch_matrix, face.landmarks) if usable else None,
        yaw=face.pose.yaw,
        live=face.live,
        usable=usable,
        match=match,
        profile=flicker.profile(face.patch) if usable else None,
    )
    if track is None:
        track = Track(number, t, face, (), (), None)
    # A patch that failed a gate may not be a face at all: it is no evidence of life.
    windows = _extend(track.windows, t, face) if usable else track.windows
    turned = _turn(track.turns, t, face) if usable and turns else track.turns
    recent = tuple(s for s in track.sightings if t - s.t <= KEEP_S)
    return replace(
        track,
        face=face,
        sightings=(*recent, sighting),
        windows=windows,
        evidence=_weigh(windows, t),
        turns=turned,
        turning=_turned(turned, t),
    )
