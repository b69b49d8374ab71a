"""How a face becomes the network's input: the crops of the device, and their jitter in training.

The device runs two passes (`edge.faces.landmarks.locate`): around the detector's box as it stands,
then upright around the points of the first. One network is trained for both.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.faces.landmarks import upright_bounds
from edge.packs import preprocess
from edge.packs.schema import BoxFit, InputSpec
from training.landmarks.layouts import Layout

SIZE = 112
FIRST = BoxFit(kind="box", scale=1.30, shift=(0.0, 0.02))
REFIT = BoxFit(kind="box", scale=1.30, shift=(0.0, -0.03))
"""Both show the face from above the brows to below the chin with room to be wrong in."""

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]


def input_spec(fit: BoxFit = FIRST) -> InputSpec:
    """RGB, (pixel - 127.5) / 127.5, 112 x 112."""
    grey = (127.5, 127.5, 127.5)
    return InputSpec(
        name="image", width=SIZE, height=SIZE, colour="rgb", mean=grey, std=grey, fit=fit
    )


SPEC = input_spec()


def eye_line(points: NDArray[np.floating], layout: Layout) -> float:
    """Angle of the line between the eyes, radians, clockwise; as the device measures it."""
    left, right = (points[list(group)].mean(axis=0) for group in layout.five[:2])
    return math.atan2(float(right[1] - left[1]), float(right[0] - left[0]))


def first_matrix(box: NDArray[np.floating], angle: float = 0.0) -> Matrix:
    """Picture to crop, around a detector's box."""
    return preprocess.box_matrix(FIRST, SPEC, box, angle)


def refit_matrix(
    points: NDArray[np.floating], layout: Layout, turn: float = 0.0
) -> tuple[Matrix, float]:
    """Picture to crop upright around points, and the angle by which the crop is turned.

    turn: radians added to the angle.
    """
    angle = eye_line(points, layout) + turn
    around = upright_bounds(np.asarray(points, np.float32), angle)
    return preprocess.box_matrix(REFIT, SPEC, around, angle), angle


def jittered(
    box: NDArray[np.floating], rng: np.random.Generator, scale: float, shift: float
) -> Floats:
    """The box with its sides changed by up to `scale` and moved by up to `shift` of its size."""
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    side = 2 * float(half.max())
    centre = centre + rng.uniform(-shift, shift, 2) * side
    half = half * math.exp(rng.uniform(math.log(1 - scale), math.log(1 + scale)))
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def to_unit(points: NDArray[np.floating], matrix: Matrix) -> Floats:
    """Picture pixels (N, 2) to 0..1 of the crop's area."""
    inside = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return ((inside + 0.5) / SIZE).astype(np.float32)


def from_unit(points: NDArray[np.floating], matrix: Matrix) -> Floats:
    """0..1 of the crop's area (N, 2) to picture pixels."""
    return preprocess.to_frame(np.asarray(points, np.float32) * SIZE - 0.5, matrix)
