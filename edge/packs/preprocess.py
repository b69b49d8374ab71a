"""The one implementation of the preprocessing contract.

Training, export, evaluation and the device all turn pictures into network inputs through this
file, and this file does nothing that the manifest does not say. Every crop is one similarity
transform from frame pixels to crop pixels, so that a point found in a crop is carried back to
the frame by the inverse of the matrix that made the crop. The sampling itself is `native.warp`.

Coordinates: pixel centres lie at integers, x right, y down; boxes are (x1, y1, x2, y2).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

import native
from edge.packs.schema import BoxesFit, BoxFit, FrameFit, InputSpec, TemplateFit

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Points = NDArray[np.float32]


def frame_matrix(fit: FrameFit, spec: InputSpec, frame_height: int, frame_width: int) -> Matrix:
    """2x3 matrix that scales the whole frame into the input and centres it (letterbox).

    The edges of the frame, not the centres of its outermost pixels, touch the input's edges:
    crop = (frame + 0.5) · s + pad - 0.5.
    """
    scale = min(spec.width / frame_width, spec.height / frame_height)
    pad_x = (spec.width - frame_width * scale) / 2
    pad_y = (spec.height - frame_height * scale) / 2
    return np.array(
        [[scale, 0.0, 0.5 * scale + pad_x - 0.5], [0.0, scale, 0.5 * scale + pad_y - 0.5]]
    )


def box_matrix(
    fit: BoxFit, spec: InputSpec, box: NDArray[np.floating], angle: float = 0.0
) -> Matrix:
    """2x3 matrix of the square crop that `fit` draws around `box` (x1, y1, x2, y2).

    `angle`: radians by which the face is turned in the picture (clockwise seen, y down); the
    crop is turned with it, so that the face stands upright in the crop.
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    side = fit.scale * max(x2 - x1, y2 - y1)
    if not (math.isfinite(side) and side > 0):
        raise ValueError(f"box has no area: ({x1:g}, {y1:g}, {x2:g}, {y2:g})")
    c, s = math.cos(angle), math.sin(angle)
    dx, dy = fit.shift[0] * side, fit.shift[1] * side
    cx = (x1 + x2) / 2 + c * dx - s * dy
    cy = (y1 + y2) / 2 + s * dx + c * dy
    kx, ky = spec.width / side, spec.height / side
    mx, my = (spec.width - 1) / 2, (spec.height - 1) / 2
    return np.array(
        [
            [kx * c, kx * s, mx - kx * (c * cx + s * cy)],
            [-ky * s, ky * c, my - ky * (-s * cx + c * cy)],
        ]
    )


def anchor_points(fit: TemplateFit, landmarks: Points) -> NDArray[np.float64]:
    """The means of the landmark groups that `fit.points` names: (K, 2)."""
    return np.array([landmarks[list(group)].mean(axis=0) for group in fit.points], np.float64)


def template_matrix(fit: TemplateFit, landmarks: Points) -> Matrix:
    """2x3 least-squares similarity from `landmarks` (frame pixels) to the template."""
    return native.similarity(anchor_points(fit, landmarks), np.array(fit.template, np.float64))


def face_matrices(
    spec: InputSpec, box: NDArray[np.floating], landmarks: Points | None = None
) -> tuple[Matrix, ...]:
    """A 2x3 matrix for each of `spec.parts` of a face.

    Raises ValueError for an input that is no crop of a face, or needs landmarks that are None.
    """
    found = []
    for part in spec.parts:
        if isinstance(part.fit, BoxFit):
            found.append(box_matrix(part.fit, part, box))
        elif isinstance(part.fit, TemplateFit) and landmarks is not None:
            found.append(template_matrix(part.fit, landmarks))
        else:
            raise ValueError(f"a face and its box alone do not say where {part.fit.kind!r} lies")
    return tuple(found)


def face_tensor(
    image: Image, spec: InputSpec, box: NDArray[np.floating], landmarks: Points | None = None
) -> NDArray[np.float32]:
    """1 x 3 x height x width float32 network input of a face. Raises ValueError as above."""
    matrices = face_matrices(spec, box, landmarks)
    crops = [tensor(image, m, part) for m, part in zip(matrices, spec.parts, strict=True)]
    return crops[0] if len(crops) == 1 else np.concatenate(crops, axis=2)


def tensor(image: Image, matrix: Matrix, spec: InputSpec) -> NDArray[np.float32]:
    """1 x 3 x height x width float32 network input: warp, colour order, mean, std, in one pass.

    spec: of one crop (see `InputSpec.parts`).
    """
    assert not isinstance(spec.fit, BoxesFit)
    return native.warp(
        image,
        matrix,
        spec.height,
        spec.width,
        mean=spec.mean,
        std=spec.std,
        swap_rb=spec.colour == "rgb",
        border=spec.fit.border,
    )[np.newaxis]


def to_frame(points: NDArray[np.floating], matrix: Matrix) -> Points:
    """Crop pixels (N, 2) back to frame pixels, by the inverse of the crop's own matrix."""
    a, b, t = matrix[:, 0], matrix[:, 1], matrix[:, 2]
    det = a[0] * b[1] - b[0] * a[1]
    p = np.asarray(points, np.float64) - t
    x = (b[1] * p[:, 0] - b[0] * p[:, 1]) / det
    y = (-a[1] * p[:, 0] + a[0] * p[:, 1]) / det
    return np.stack([x, y], axis=1).astype(np.float32)
