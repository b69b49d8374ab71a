"""Gates: single conditions that must hold, and those that one frame can be held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

from edge.config import Config
from edge.config_liveness import Check
from edge.faces.observation import Observation

FRAME_GATES = (
    "one_face",
    "size",
    "fit",
    "sharpness",
    "exposure",
    "clipped",
    "yaw",
    "pitch",
    "roll",
)
"""What one frame must satisfy before its face is compared at all."""
LANDMARKS = "landmarks"
"""Joins them when the pack's landmark network says how sure it is of its points."""
LIVENESS_GATES: tuple[Check, ...] = get_args(Check)
"""That the face lives: one gate per check, of those that the configuration requires."""
IDENTITY_GATES = ("match", "margin", "agreement")
"""Whose face it is."""


def frame_gate_names(landmark_bound: float | None) -> tuple[str, ...]:
    """The gates that one frame must pass with a pack of this bound, in order.

    landmark_bound: the least confidence that the pack asks of its landmarks
    (`edge.faces.landmarks.landmark_bound`); None only where its network gives none.
    """
    return FRAME_GATES if landmark_bound is None else (*FRAME_GATES, LANDMARKS)


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: `value` within `low`..`high` (either may be absent). None never passes."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def passed(self) -> bool:
        v = self.value
        if v is None or not math.isfinite(v) or (self.low is None and self.high is None):
            return False
        return (self.low is None or v >= self.low) and (self.high is None or v <= self.high)

    def as_json(self) -> dict[str, object]:
        """{value, bound: {min, max}, passed}; an absent side of the bound is left out."""
        bound = {
            side: limit
            for side, limit in (("min", self.low), ("max", self.high))
            if limit is not None
        }
        return {"value": self.value, "bound": bound, "passed": self.passed}


def frame_gates(
    observation: Observation, config: Config, landmark_bound: float | None
) -> tuple[Gate, ...]:
    """The gates of `frame_gate_names`, in that order; values are None when there is no face.

    With a bound a face without confidence does not pass.
    """
    q, face = config.quality, observation.face
    faces = Gate("one_face", float(observation.faces_in_zone), 1, 1)
    if face is None:
        return (faces, *(Gate(name, None) for name in frame_gate_names(landmark_bound)[1:]))
    quality, pose = face.quality, face.pose
    sure = () if landmark_bound is None else (Gate(LANDMARKS, face.confidence, landmark_bound),)
    return (
        faces,
        Gate("size", quality.size, q.min_size),
        Gate("fit", quality.fit, q.min_fit, q.max_fit),
        Gate("sharpness", quality.sharpness, q.min_sharpness),
        Gate("exposure", quality.exposure, q.min_exposure, q.max_exposure),
        Gate("clipped", quality.clipped, None, q.max_clipped),
        Gate("yaw", pose.yaw, -q.max_yaw, q.max_yaw),
        Gate("pitch", pose.pitch, -q.max_pitch, q.max_pitch),
        Gate("roll", pose.roll, -q.max_roll, q.max_roll),
        *sure,
    )
