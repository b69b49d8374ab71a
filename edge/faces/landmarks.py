"""Landmarks of a face, by the pack's landmark network, and the named parts of a layout."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.packs import Pack, preprocess

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


def locate(pack: Pack, image: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Landmarks (L, 2) in frame pixels of the face in `box`.

    Runs the passes that the manifest asks for: the first from the detector's box, each later
    one from an upright crop around the points of the one before.
    """
    role = pack.manifest.roles.landmarks
    spec, head = role.input, role.head
    assert spec.fit.kind == "box"  # the schema admits nothing else
    size = np.array([spec.width, spec.height], np.float32)
    matrix = preprocess.box_matrix(spec.fit, spec, box)
    points = np.empty(0, np.float32)
    for number in range(head.passes):
        if number > 0:
            assert head.refit is not None
            angle = eye_angle(points)
            around = upright_bounds(points, angle)
            matrix = preprocess.box_matrix(head.refit, spec, around, angle)
        (out,) = pack.landmarks.run(preprocess.tensor(image, matrix, spec))
        # The network's 0..1 spans the crop's area; pixel centres lie half a pixel inside.
        points = preprocess.to_frame(out.reshape(-1, 2) * size - 0.5, matrix)
    return points
