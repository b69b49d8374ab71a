"""People made of numbers: embeddings that scatter around one random direction each."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge import packs
from training.pictures import Pictures
from training.recognition import embeddings
from training.recognition.embeddings import MEASURES, Embedded


def people(
    seed: int, count: int = 60, each: int = 8, noise: float = 0.4, length: int = 64
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Unit vectors (count * each, length) and whose they are."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(count), each)
    rows = rng.normal(size=(count, length))[labels] + noise * rng.normal(
        size=(count * each, length)
    )
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), labels


def embedded(seed: int, **how: int) -> tuple[Embedded, NDArray[np.int64]]:
    """The same with names and measures: half of the faces are turned by 25 degrees."""
    rows, labels = people(seed, **how)
    rng = np.random.default_rng(seed)
    measures = rng.uniform(0, 1, (len(rows), len(MEASURES))).astype(np.float32)
    measures[:, MEASURES.index("yaw")] = np.where(np.arange(len(rows)) % 2, 25, -3)
    measures[:, MEASURES.index("size")] = 120
    names = tuple(f"p{label:03}/{i:04}.png" for i, label in enumerate(labels))
    return Embedded(names, np.ones(len(rows), np.bool_), rows, measures), labels


def kept(
    folder: Path, pack: packs.Pack, *, seed: int = 0, count: int = 60, each: int = 4
) -> tuple[Path, Path]:
    """A folder of tiny pictures and a file of made-up embeddings for it, as if `pack` made them."""
    length = pack.manifest.roles.embedder.head.length
    faces, _ = embedded(seed, count=count, each=each, length=length)
    data = folder / "people"
    for i, name in enumerate(faces.names):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(data / name), np.full((2, 2, 3), i % 251, np.uint8))
    path = folder / "people.npz"
    embeddings.save(path, pack, Pictures(data), faces)
    return data, path
