"""One face followed over frames: a frozen track that grows by one observation at a time.

Pure: `follow` takes a track and an observation and returns a new track. All that a decision over
time needs lives here; clocks and threads do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge.faces import planar
from edge.faces.observation import Face, Observation
from edge.gallery import Match

MAX_GAP_S = 0.5
"""A face not seen for longer is a new face."""
MIN_IOU = 0.2
"""A box that overlaps less with the last one is another face."""
KEEP_S = 2.5
"""Entries older than this no longer count."""
KEY_EVERY_S = 0.65
"""Two keys run staggered by this; the older one's window is weighed, up to twice this long."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What of one frame counts towards a decision. match: None when not compared."""

    t: float
    index: int
    fingerprint: int
    eye_aspect: float
    live: float | None
    usable: bool
    match: Match | None


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """Patches laid on one key."""

    key: planar.Key
    registered: tuple[planar.Registered, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Track:
    """number: counts faces, so that a log can tell them apart. started: time of its first frame.

    face: as last seen. evidence: of non-planar motion, None while there is too little.
    """

    number: int
    started: float
    face: Face
    sightings: tuple[Sighting, ...]
    windows: tuple[Window, ...]
    evidence: planar.Evidence | None

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
    grown = []
    for window in windows:
        if t - window.key.t > 2 * KEY_EVERY_S:
            continue
        laid = planar.register(window.key, t, face.patch, face.patch_matrix)
        grown.append(
            window if laid is None else replace(window, registered=(*window.registered, laid))
        )
    if not grown or t - grown[-1].key.t >= KEY_EVERY_S:
        key = planar.make_key(t, face.patch, face.patch_matrix)
        if key is not None:
            own = planar.register(key, t, face.patch, face.patch_matrix)
            grown.append(Window(key, () if own is None else (own,)))
    return tuple(grown)


def _weigh(windows: tuple[Window, ...], t: float) -> planar.Evidence | None:
    """Of the oldest window that has enough to say: the longer it ran, the surer it is.

    Only a window that the newest patch was laid on: else a living face could vouch for the
    picture that has just been put in front of it.
    """
    for window in windows:
        if not window.registered or window.registered[-1].t != t:
            continue
        evidence = planar.weigh(window.key, window.registered)
        if evidence is not None:
            return evidence
    return None


def follow(
    track: Track | None,
    observation: Observation,
    match: Match | None,
    *,
    usable: bool,
    number: int,
) -> Track | None:
    """The track with this observation added, a new one for a new face, or None.

    usable: every per-frame quality gate held. number: of a new track, should one begin. A frame
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
        eye_aspect=face.eye_aspect,
        live=face.live,
        usable=usable,
        match=match,
    )
    if track is None:
        track = Track(number, t, face, (), (), None)
    # A patch that failed a gate may not be a face at all: it is no evidence of life.
    windows = _extend(track.windows, t, face) if usable else track.windows
    recent = tuple(s for s in track.sightings if t - s.t <= KEEP_S)
    return replace(
        track,
        face=face,
        sightings=(*recent, sighting),
        windows=windows,
        evidence=_weigh(windows, t),
    )
