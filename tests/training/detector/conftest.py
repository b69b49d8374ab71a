"""Made-up data sets: pictures with ellipses for faces, and their labels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.detector.annotations import Faces
from training.detector.sources import FaceSet, Split, load

EVERYONE = [f"Person_{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]


def drawn(rng: np.random.Generator, size: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """A picture (size, size, 3) with one ellipse that has two dark eyes, and its box (4,)."""
    image = rng.integers(90, 120, (size, size, 3), dtype=np.uint8)
    x, y = rng.uniform(0.4 * size, 0.6 * size, 2)
    a, b = 0.17 * size, 0.23 * size
    tone = tuple(int(v) for v in rng.integers(170, 250, 3))
    cv2.ellipse(image, ((x, y), (2 * a, 2 * b), 0), tone, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(image, (round(x + side * a * 0.4), round(y - b * 0.2)), 3, (20, 20, 20), -1)
    return image, np.array([x - a, y - b, x + a, y + b], np.float32)


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(folder of pictures PERSON/PERSON_0001.jpg, WIDER FACE's list of their faces)."""
    from training.detector import wider

    folder = tmp_path_factory.mktemp("people")
    rng = np.random.default_rng(5)
    faces = {}
    for person in EVERYONE:
        image, box = drawn(rng)
        name = f"{person}/{person}_0001.jpg"
        (folder / person).mkdir()
        cv2.imwrite(str(folder / name), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
        faces[name] = Faces(box[None], np.ones(1, np.float32))
    labels = folder / "faces.txt"
    wider.write(labels, faces)
    return folder, labels


@pytest.fixture(scope="session")
def scenes(made_up: tuple[Path, Path]) -> FaceSet:
    """The training side of the made-up set."""
    return load(*made_up, Split(validation=False), tight=False)
