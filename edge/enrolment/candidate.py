"""A frame that could become a template, and the gates that it had to pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.cameras.base import Image
from edge.config import Config, Enrolment
from edge.faces.observation import Face, Floats, Observation, Pose, Quality
from edge.gates import Gate, frame_gates

FULL_SIZE = 112.0
"""A face this tall, pixels, is as good as a larger one: embedders look at no more."""
FULL_SHARPNESS = 0.35
"""Sharpness of a face in focus under office light; more is texture, not focus."""
MID_GREY = 128.0


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """t: seconds on the source's clock. eyes: their openness (`edge.faces.blink`). tile: the face
    cut out, only when a sheet is wanted."""

    t: float
    index: int
    pose: Pose
    measured: Quality
    quality: float
    live: float
    eyes: float
    vector: Floats
    fingerprint: int
    tile: Image | None


def stricter(config: Config) -> Config:
    """The configuration with quality bounds that satisfy the door and enrolment both."""
    q, e = config.quality, config.enrolment
    return config.model_copy(
        update={
            "quality": q.model_copy(
                update={
                    "min_size": max(q.min_size, e.min_size),
                    "min_sharpness": max(q.min_sharpness, e.min_sharpness),
                    "min_exposure": max(q.min_exposure, e.min_exposure),
                    "max_exposure": min(q.max_exposure, e.max_exposure),
                    "max_clipped": min(q.max_clipped, e.max_clipped),
                    "max_yaw": min(q.max_yaw, e.max_yaw),
                    "max_pitch": min(q.max_pitch, e.max_pitch),
                    "max_roll": min(q.max_roll, e.max_roll),
                }
            )
        }
    )


def enrolment_gates(
    observation: Observation, strict: Config, live_bound: float, landmark_bound: float | None
) -> list[Gate]:
    """The door's gates of one frame at enrolment's bounds, then passive liveness.

    strict: see `stricter`. The observation was made with the door's own bounds, so that a second
    face too small to be enrolled is still a second face.
    """
    gates = list(frame_gates(observation, strict, landmark_bound))
    face = observation.face
    if face is not None and all(gate.passed for gate in gates):
        gates.append(Gate("passive", face.live, live_bound))
    return gates


def grade(face: Face, bounds: Enrolment) -> float:
    """0..1: how good a template the face would make, beyond having passed.

    The geometric mean of size, sharpness, light and frontality, so that nothing makes up for a
    bad one. Frontality falls to one half at the largest turn that is let in.
    """
    q, pose = face.quality, face.pose
    size = min(1.0, q.size / FULL_SIZE)
    sharp = min(1.0, q.sharpness / FULL_SHARPNESS)
    light = (1.0 - abs(q.exposure - MID_GREY) / MID_GREY) * (1.0 - q.clipped)
    turn = math.hypot(pose.yaw / bounds.max_yaw, pose.pitch / bounds.max_pitch)
    front = 1.0 / (1.0 + turn**2)
    return float(max(size * sharp * light * front, 0.0) ** 0.25)


def candidate(observation: Observation, bounds: Enrolment, tile: Image | None) -> Candidate:
    """The candidate from an observation whose gates have all passed."""
    face = observation.face
    assert face is not None and face.embedding is not None and face.live is not None
    return Candidate(
        t=observation.t,
        index=observation.index,
        pose=face.pose,
        measured=face.quality,
        quality=grade(face, bounds),
        live=face.live,
        eyes=face.eye_aspect,
        vector=np.asarray(face.embedding, np.float32),
        fingerprint=hash(face.patch.tobytes()),
        tile=tile,
    )
