"""Made-up faces: an attack has the dots of a print or the lines of a screen all over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.liveness import samples
from training.liveness.samples import Sample

SIDE = 120


def face(rng: np.random.Generator, label: str) -> np.ndarray:
    """(120, 120, 3) uint8: smooth skin, eyes and mouth; the rest is what the attack adds."""
    skin = cv2.resize(rng.integers(90, 190, (3, 3, 3), np.uint8), (SIDE, SIDE))
    for x in (40, 80):
        cv2.circle(skin, (x, 48), 7, (40, 40, 40), -1, cv2.LINE_AA)
    cv2.ellipse(skin, (60, 88), (20, 6), 0, 0, 360, (60, 60, 140), -1, cv2.LINE_AA)
    y, x = np.ogrid[:SIDE, :SIDE]
    if label == "print":
        dots = ((x + rng.integers(6)) % 6 < 3) & ((y + rng.integers(6)) % 6 < 3)
        skin[dots] = skin[dots] // 2
    elif label == "phone":
        lines = np.broadcast_to((y + rng.integers(6)) % 6 < 2, skin.shape[:2])
        skin[lines] = skin[lines] // 2
    return np.asarray(skin, np.uint8)


@pytest.fixture
def make_list(tmp_path: Path) -> Callable[..., Path]:
    """make_list(name, people, each): a list with as many living faces as of each instrument."""

    def make(name: str, people: str, each: int) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        rng = np.random.default_rng(sum(map(ord, name)))
        found = []
        for label in ("live", "print", "phone"):
            for i in range(each):
                path = folder / f"{label}{i}.png"
                image = np.full((160, 200, 3), 128, np.uint8)
                image[20 : 20 + SIDE, 40 : 40 + SIDE] = face(rng, label)
                cv2.imwrite(str(path), image)
                box = np.array([40, 20, 160, 140], np.float32) - 0.5
                drawn = "" if label == "live" else "test"
                found.append(Sample(path, label, people[i % len(people)], box, range=drawn))
        samples.write(folder / "list.csv", found)
        return folder / "list.csv"

    return make
