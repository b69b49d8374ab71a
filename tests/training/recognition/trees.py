"""Makes PERSON/x.jpg trees with their label files for tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.training.landmarks.faces import placed
from tests.training.recognition import recs
from training import labels
from training.labels import FaceLabel
from training.recognition import crops
from training.split import is_validation

NAN = np.full(5, np.nan, np.float32)


def names(training: int, held: int) -> list[str]:
    """So many people of each side."""
    everyone = [f"Person_{i}" for i in range(1000)]
    return [
        *[n for n in everyone if not is_validation(n)][:training],
        *[n for n in everyone if is_validation(n)][:held],
    ]


def tree(folder: Path, pictures: dict[str, int]) -> Path:
    """Pictures of 160 x 160 whose aligned crops are `recs.picture`; returns the label file."""
    found = []
    for person, (name, count) in enumerate(pictures.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            rng = np.random.default_rng((person, number))
            points = placed(tuple(rng.uniform(70, 90, 2)), rng.uniform(38, 48), rng.normal(0, 0.1))
            face = recs.picture(person, number)
            back = cv2.invertAffineTransform(crops.matrix(points))
            image = cv2.warpAffine(face, back, (160, 160), flags=cv2.INTER_CUBIC)
            picture = f"{name}/{name}_{number + 1:04}.png"
            cv2.imwrite(str(folder / picture), image)
            low, high = points.min(axis=0), points.max(axis=0)
            box = np.concatenate([low, high]).astype(np.float32)
            unknown = np.full((5, 2), np.nan, np.float32)
            found.append(FaceLabel(picture, box, 1.0, unknown, NAN[:3], points))
    path = folder.with_suffix(".csv")
    labels.write(path, found)
    return path
