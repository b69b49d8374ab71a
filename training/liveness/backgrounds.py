"""What is behind people who are stood somewhere, and where nobody stands: the same for both.

Were living people stood in made-up rooms alone, and attacks before parts of photographs as well, a
photograph's grain behind a face would be an attack.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.detector.backgrounds import free_rectangles, part_of
from training.liveness.people import Entry, People
from training.liveness.rooms import room

PHOTOGRAPHED = 0.65
"""Of the backgrounds: what a photograph shows beside its face, where that is enough."""
TRIES = 8
LEAST = 48
"""Pixels of a side of what is enough."""


def empty(
    rng: np.random.Generator, wide: int, high: int, draw: Callable[[], tuple[People, Entry]]
) -> NDArray[np.uint8]:
    """(high, wide, 3) uint8 BGR without a face. draw: any picture, drawn with the same `rng`."""
    if rng.random() < PHOTOGRAPHED:
        for _ in range(TRIES):
            people, entry = draw()
            image = people.pictures.read(entry.name)
            box = entry.label.box
            size = 0.5 * (box[2:] - box[:2])
            clear = np.concatenate([box[:2] - size, box[2:] + size])[None]
            free = free_rectangles(clear, image.shape[1], image.shape[0], least=LEAST)
            if len(free):
                part = part_of(image, rng, wide, high, free[int(rng.integers(len(free)))])
                return np.ascontiguousarray(part)
    return room(rng, wide, high)
