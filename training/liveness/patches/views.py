"""Which patches of a face are looked at when it is judged, and which way round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor


class View(NamedTuple):
    """A patch whose upper left pixel is (x, y), mirrored along x or y or both."""

    x: int
    y: int
    flip_x: bool = False
    flip_y: bool = False


def centre(face: int, patch: int) -> tuple[View, ...]:
    """The patch in the middle of a face of `face` pixels a side."""
    return (View((face - patch) // 2, (face - patch) // 2),)


def few(face: int, patch: int) -> tuple[View, ...]:
    """The middle and the corners: 5 passes."""
    last = face - patch
    return (*centre(face, patch), *(View(x, y) for y in (0, last) for x in (0, last)))


def every(face: int, patch: int) -> tuple[View, ...]:
    """Test-time augmentation: 9 places, each as it is and flipped three ways. 36 passes."""
    steps = (0, (face - patch) // 2, face - patch)
    ways = ((False, False), (True, False), (False, True), (True, True))
    return tuple(View(x, y, *way) for y in steps for x in steps for way in ways)


KINDS: Mapping[str, Callable[[int, int], tuple[View, ...]]] = {
    "centre": centre,
    "few": few,
    "every": every,
}


def cut(faces: Tensor, patch: int, views: tuple[View, ...]) -> Tensor:
    """(N · views, C, patch, patch) of faces (N, C, H, W); the first view of all faces first."""
    found = []
    for x, y, flip_x, flip_y in views:
        part = faces[:, :, y : y + patch, x : x + patch]
        axes = [axis for axis, flipped in ((3, flip_x), (2, flip_y)) if flipped]
        found.append(torch.flip(part, axes) if axes else part)
    return torch.cat(found)
