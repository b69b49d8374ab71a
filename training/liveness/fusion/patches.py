"""Patches of a face in three sensors, cut at the same place in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import native
from edge.packs import preprocess
from edge.packs.schema import BoxFit, InputSpec
from training import augment
from training.errors import DataError
from training.liveness.fusion.modalities import MODALITIES, drop

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

FACE = 112
"""Side of the face that patches are taken of, pixels."""
BLACK = 0
"""Around the face, as around CASIA-SURF's."""
SPEC = InputSpec(
    name="face",
    width=FACE,
    height=FACE,
    colour="rgb",
    mean=(0.0,) * 3,
    std=(255.0,) * 3,
    fit=BoxFit(kind="box", scale=1.0, border=BLACK),
)
"""Of a picture that is a face: all of it, its shape kept, black around it."""
TURN = 30.0
"""Degrees by which a training face is turned at most, as in Alive_Detect."""
SPREAD = (0.0, 0.5, 1.0)
"""Places of the nine patches along a side, of what a patch can move."""


def read(paths: Mapping[str, Path]) -> dict[str, Image]:
    """Pictures (H, W, 3) uint8 BGR by modality. Raises DataError.

    A picture of 16 bits is refused: which of its range becomes 8 bits is the set's decision.
    """
    found = {}
    for name, path in paths.items():
        image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        if image is None:
            raise DataError(f"{path}: not a picture that can be read")
        if image.dtype != np.uint8:
            raise DataError(
                f"{path}: has {image.dtype} pixels; the networks take 8 bits: write the depths of "
                "interest, some 0.3 m around the face, as 255 (near) to 1, and 0 elsewhere"
            )
        found[name] = np.asarray(image, np.uint8)
    return found


def cut(pictures: Mapping[str, Image], onto: Matrix, side: int) -> Image:
    """(9, side, side) RGB: patches through 2 x 3 `onto`, from pixels of the face to the patch's.

    What is not in `pictures` is zeros.
    """
    assert isinstance(SPEC.fit, BoxFit)
    out = np.zeros((3 * len(MODALITIES), side, side), np.uint8)
    for i, name in enumerate(MODALITIES):
        if name in pictures:
            image = pictures[name]
            height, width = image.shape[:2]
            whole = np.array([-0.5, -0.5, width - 0.5, height - 0.5])
            face = preprocess.box_matrix(SPEC.fit, SPEC, whole)
            matrix = onto @ np.vstack([face, [0, 0, 1]])
            patch = native.warp_u8(image, matrix, side, side, border=BLACK)
            out[3 * i : 3 * i + 3] = patch[..., ::-1].transpose(2, 0, 1)
    return out


def drawn(pictures: Mapping[str, Image], side: int, rng: np.random.Generator) -> Image:
    """A training patch: (9, side, side), somewhere on the face, turned, perhaps mirrored.

    Some modalities are taken away (`modalities.drop`); each one's light varies on its own.
    """
    left, top = rng.integers(0, FACE - side + 1, 2)
    angle = rng.uniform(-TURN, TURN)
    middle = (FACE - 1) / 2
    turned = np.asarray(cv2.getRotationMatrix2D((middle, middle), angle, 1.0), np.float64)
    turned[:, 2] -= (left, top)
    patch = cut({name: pictures[name] for name in drop(rng)}, turned, side)
    if rng.random() < 0.5:
        patch = patch[:, :, ::-1]
    patch = np.ascontiguousarray(patch)
    for i, name in enumerate(MODALITIES):
        planes = patch[3 * i : 3 * i + 3]
        if planes.any():
            planes[:] = _varied(name, planes, rng)
    return patch


def _varied(name: str, planes: Image, rng: np.random.Generator) -> Image:
    if name == "colour":
        image = np.ascontiguousarray(planes[::-1].transpose(1, 2, 0))
        return augment.photometric(image, rng, 0.5)[..., ::-1].transpose(2, 0, 1)
    # Nearer or farther; another lamp.
    gain, offset = (1.0, rng.normal(0, 15)) if name == "depth" else (rng.uniform(0.7, 1.3), 0.0)
    moved = np.clip(planes * gain + offset, 1, 255).astype(np.uint8)
    return np.where(planes == 0, 0, moved).astype(np.uint8)


def nine(pictures: Mapping[str, Image], side: int, *, flips: bool = False) -> Image:
    """(9, 9, side, side): the patches of a test, over the whole face in three rows.

    flips: (36, 9, side, side), each also mirrored, upside down, and both (Alive_Detect).
    """
    found: list[Image] = []
    for down, across in product(SPREAD, SPREAD):
        onto = np.array([[1.0, 0, -across * (FACE - side)], [0, 1, -down * (FACE - side)]])
        found.append(cut(pictures, np.rint(onto), side))
    patches = np.stack(found)
    if flips:
        ways: Sequence[Image] = (patches, patches[..., ::-1])
        patches = np.concatenate([*ways, *(way[..., ::-1, :] for way in ways)])
    return np.ascontiguousarray(patches)
