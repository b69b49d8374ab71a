"""Landmarks of a face, by the pack's landmark network, and the named parts of a layout."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelMismatch
from edge.faces.observation import Pose, turned
from edge.packs import Pack, preprocess
from edge.packs.schema import PointsHead

COUNT = {"ibug68": 68}
"""Points of each layout."""

# iBUG 68 points (Sagonas et al. 2013), numbered from the jaw at the picture's left.
LEFT_EYE = tuple(range(36, 42))
RIGHT_EYE = tuple(range(42, 48))
NOSE_TIP = (30,)
CHIN = (8,)
MOUTH_LEFT, MOUTH_RIGHT = (48,), (54,)


def middle(landmarks: NDArray[np.float32], group: tuple[int, ...]) -> NDArray[np.float64]:
    """Mean (2,) of the points that `group` lists."""
    return np.asarray(landmarks[list(group)].mean(axis=0), np.float64)


def eye_angle(landmarks: NDArray[np.float32]) -> float:
    """Angle of the line between the eyes, radians; positive is clockwise in the picture."""
    dx, dy = middle(landmarks, RIGHT_EYE) - middle(landmarks, LEFT_EYE)
    return math.atan2(dy, dx)


def bounds(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The box (4,) x1, y1, x2, y2 around the points."""
    return np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])


def upright_bounds(landmarks: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """The box around the points with the head turned upright, centred where the face is.

    Only its centre and its sides mean anything in the frame: they place the refit crop.
    """
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    turned = bounds((landmarks @ turn.T).astype(np.float32))
    centre = turn.T @ ((turned[:2] + turned[2:]) / 2)
    half = (turned[2:] - turned[:2]) / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Located:
    """What the landmark network says of a face, in the frame.

    points: (L, 2) float32, frame pixels. confidence: 0..1, that the points lie on a face.
    pose: of the head in the frame. Both are None exactly when the manifest names no such output.
    """

    points: NDArray[np.float32]
    confidence: float | None
    pose: Pose | None


def landmark_bound(pack: Pack) -> float | None:
    """The least `Located.confidence` that the pack asks for; None when its network has none."""
    return pack.manifest.roles.landmarks.head.min_confidence


def locate(pack: Pack, image: NDArray[np.uint8], box: NDArray[np.float32]) -> Located:
    """Landmarks of the face in `box` (4,), frame pixels; image (H, W, 3) uint8 BGR.

    Runs the passes that the manifest asks for: the first from the detector's box, each later
    one from an upright crop around the points of the one before. Confidence and pose are the last
    pass's; the pose is turned back with the crop (`observation.turned`).

    Raises ModelMismatch when an output's shape or range is not what the manifest says.
    """
    role = pack.manifest.roles.landmarks
    spec, head = role.input, role.head
    assert spec.fit.kind == "box"  # the schema admits nothing else
    size = np.array([spec.width, spec.height], np.float32)
    matrix = preprocess.box_matrix(spec.fit, spec, box)
    points, angle = np.empty(0, np.float32), 0.0
    outputs: list[NDArray[np.float32]] = []
    for number in range(head.passes):
        if number > 0:
            assert head.refit is not None
            angle = eye_angle(points)
            around = upright_bounds(points, angle)
            matrix = preprocess.box_matrix(head.refit, spec, around, angle)
        outputs = pack.landmarks.run(preprocess.tensor(image, matrix, spec))
        out = _sized(head.output, outputs[0], 2 * COUNT[head.layout])
        # The network's 0..1 spans the crop's area; pixel centres lie half a pixel inside.
        points = preprocess.to_frame(out.reshape(-1, 2) * size - 0.5, matrix)
    named = dict(zip(head.outputs, outputs, strict=True))
    confidence = pose = None
    if head.confidence is not None:
        (said,) = _sized(head.confidence, named[head.confidence], 1)
        confidence = _probability(head, float(said))
    if head.pose is not None:
        yaw, pitch, roll = (float(v) for v in _sized(head.pose, named[head.pose], 3))
        pose = turned(Pose(yaw, pitch, roll), angle)
    return Located(points, confidence, pose)


def _sized(name: str, output: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if output.size != size:
        raise ModelMismatch(f"landmark output {name!r} has shape {output.shape}, not (1, {size})")
    return output.reshape(-1)


def _probability(head: PointsHead, said: float) -> float:
    if head.confidence_scale == "logit":
        return 1.0 / (1.0 + math.exp(-min(max(said, -50.0), 50.0)))
    # What leaves 0..1 by more than an 8-bit step is no probability, and clipped it would pass.
    if not -0.01 <= said <= 1.01:
        raise ModelMismatch(f"landmark output {head.confidence!r} is {said:g}, not a probability")
    return min(max(said, 0.0), 1.0)
