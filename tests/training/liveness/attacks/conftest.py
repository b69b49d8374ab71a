"""A real face from scikit-image, found and measured by the device's own code."""

from __future__ import annotations

import numpy as np
import pytest
import skimage

from edge import packs
from edge.faces.detect import detect
from edge.faces.landmarks import locate
from edge.packs import Pack
from training.liveness.attacks import Scene, Shown


@pytest.fixture(scope="session")
def pack() -> Pack:
    return packs.load("default")


@pytest.fixture(scope="session")
def person(pack: Pack) -> Shown:
    """One person before a busy background, 512 x 512."""
    image = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
    boxes, _ = detect(pack, image)
    points = locate(pack, image, boxes[0]).points
    return Shown(image, np.asarray(boxes[0]), np.asarray(points, np.float32), "eileen")


@pytest.fixture(scope="session")
def other(person: Shown) -> Shown:
    """The same face darker and mirrored: as different as one picture allows."""
    from training.liveness.framing import Framing

    mirrored = Framing((0, 0, 400, 400), 1.0, mirrored=True).apply(person)
    darker = (mirrored.image * 0.8).astype(np.uint8)
    return Shown(darker, mirrored.box, mirrored.points, "other")


@pytest.fixture(scope="session")
def scene(other: Shown) -> Scene:
    return Scene([other])
