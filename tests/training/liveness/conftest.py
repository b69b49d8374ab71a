"""Made-up presentations: an attack is a face within the edge of a sheet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.liveness import samples
from training.liveness.samples import Sample

BOX = np.array([80, 60, 140, 140], np.float32)


def scene(rng: np.random.Generator, attack: bool) -> np.ndarray:
    image = cv2.resize(rng.integers(60, 200, (6, 8, 3), np.uint8), (240, 180))
    if attack:
        cv2.rectangle(image, (60, 40), (165, 165), (235, 235, 235), 6)
    cv2.ellipse(image, (110, 100), (28, 38), 0, 0, 360, (120, 150, 200), -1)
    return np.asarray(image, np.uint8)


@pytest.fixture
def make_list(tmp_path: Path) -> Callable[..., Path]:
    """make_list(name, people, each): a list with as many living faces as of each instrument."""

    def make(name: str, people: str, each: int, instruments: tuple[str, ...] = ("print",)) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        rng = np.random.default_rng(len(people) + each)
        found = []
        for label in ("live", *instruments):
            for i in range(each):
                path = folder / f"{label}{i}.png"
                cv2.imwrite(str(path), scene(rng, label != "live"))
                found.append(Sample(path, label, people[i % len(people)], BOX))
        samples.write(folder / "list.csv", found)
        return folder / "list.csv"

    return make
