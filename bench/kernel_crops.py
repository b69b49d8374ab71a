"""A frame and five points to the normalised 112 x 112 input of an embedder, our way and others'."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import transform

import native
from bench.ways import OURS, Ways

WORK = "align"
SIDE = 112
FACES = (56, 112, 168, 224, 336, 672)
"""Widths of the face in the frame, in pixels; 112 is the crop's own size."""

# The five points that ArcFace's crops are aligned to (insightface, 112 x 112).
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]]
)  # fmt: skip
MEAN, STD = 127.5, 128.0
MEANS, STDS = (MEAN,) * 3, (STD,) * 3


def frame(height: int = 1080, width: int = 1920) -> NDArray[np.uint8]:
    """A picture with structure of all sizes, as cameras see: noise, smoothed more and less."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    mixed = cv2.addWeighted(cv2.GaussianBlur(noise, (0, 0), 1.5), 0.5, noise, 0.5, 0)
    return np.asarray(mixed, np.uint8)


def points(face: int, angle: float = 0.15, centre: tuple[int, int] = (960, 540)) -> NDArray:
    """Where the five points lie in the frame: (5, 2) float64."""
    # A hair less, so that a face of three times the crop's size takes three steps, not four.
    scale = face / SIDE * (1 - 1e-6)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return (TEMPLATE - SIDE / 2) @ np.array([[c, s], [-s, c]]) + centre


def with_native(image: NDArray, at: NDArray, out: NDArray) -> NDArray:
    """(3, 112, 112) float32, RGB."""
    return native.align(
        image, at, TEMPLATE, SIDE, SIDE, mean=MEANS, std=STDS, swap_rb=True,
        border=0, out=out,
    )  # fmt: skip


def with_cv2(image: NDArray, at: NDArray) -> NDArray:
    """As insightface does it, in cv2's own steps."""
    matrix, _ = cv2.estimateAffinePartial2D(at, TEMPLATE, method=cv2.LMEDS)
    crop = cv2.warpAffine(image, matrix, (SIDE, SIDE))
    return cv2.dnn.blobFromImage(crop, 1 / STD, (SIDE, SIDE), MEANS, swapRB=True)[0]


def with_skimage(image: NDArray, at: NDArray) -> NDArray:
    """scikit-image's least squares and warp."""
    fit = transform.SimilarityTransform.from_estimate(at, TEMPLATE)
    crop = transform.warp(image, fit.inverse, output_shape=(SIDE, SIDE), preserve_range=True)
    return ((crop[..., ::-1].astype(np.float32) - MEAN) / STD).transpose(2, 0, 1)


def with_numpy(image: NDArray, at: NDArray) -> NDArray:
    """Bilinear sampling by index arrays."""
    m = np.linalg.inv(np.vstack([native.similarity(at, TEMPLATE), [0, 0, 1]]))
    y, x = np.mgrid[:SIDE, :SIDE]
    u = (m[0, 0] * x + m[0, 1] * y + m[0, 2]).clip(0, image.shape[1] - 1.001)
    v = (m[1, 0] * x + m[1, 1] * y + m[1, 2]).clip(0, image.shape[0] - 1.001)
    left, top = u.astype(int), v.astype(int)
    fx, fy = (u - left)[..., None].astype(np.float32), (v - top)[..., None].astype(np.float32)
    upper = image[top, left] * (1 - fx) + image[top, left + 1] * fx
    lower = image[top + 1, left] * (1 - fx) + image[top + 1, left + 1] * fx
    crop = upper * (1 - fy) + lower * fy
    return ((crop[..., ::-1] - MEAN) / STD).transpose(2, 0, 1)


def cases() -> Iterator[Ways]:
    """For each width of the face."""
    cv2.setNumThreads(1)
    image = frame()
    out = np.empty((3, SIDE, SIDE), np.float32)
    for face in FACES:
        at = points(face)
        if face <= 2 * SIDE:  # beyond it we average and the others skip pixels
            worst = np.abs(with_native(image, at, out) - with_numpy(image, at)).max() * STD
            if not worst <= 0.5:
                raise AssertionError(f"crops of a face of {face} px differ by {worst:.2f} levels")
        yield Ways(
            WORK,
            face,
            {
                OURS: partial(with_native, image, at, out),
                "cv2": partial(with_cv2, image, at),
                "scikit-image": partial(with_skimage, image, at),
                "numpy": partial(with_numpy, image, at),
            },
        )
