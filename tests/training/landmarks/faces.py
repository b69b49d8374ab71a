"""Made-up faces for tests: dots whose places are known, drawn on plain pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.landmarks.data.face import Face
from training.landmarks.dataset import FaceSet
from training.landmarks.layouts import IBUG68
from training.pictures import Pictures

Floats = NDArray[np.float32]


def mean_shape() -> Floats:
    """68 points (68, 2) of a symmetric face, x right, y down, about -1..1."""
    points = np.zeros((68, 2), np.float32)
    jaw = np.array([(-np.cos(a), 0.1 + np.sin(a)) for a in np.linspace(-0.1, np.pi + 0.1, 17)])
    points[:17] = jaw * [0.9, 0.9]
    points[17:22] = [(x, -0.55 - 0.1 * np.sin((x + 0.8) * 5)) for x in np.linspace(-0.75, -0.2, 5)]
    points[22:27] = points[17:22][::-1] * [-1, 1]
    points[27:31] = [(0, y) for y in np.linspace(-0.3, 0.2, 4)]
    points[31:36] = [(x, 0.3 - 0.1 * abs(x)) for x in np.linspace(-0.2, 0.2, 5)]
    eye = np.array(
        [(-0.18, 0), (-0.07, -0.07), (0.07, -0.07), (0.18, 0), (0.07, 0.07), (-0.07, 0.07)]
    )
    points[36:42] = eye + [-0.42, -0.3]
    points[42:48] = eye + [0.42, -0.3]
    outer = [
        (-0.35, 0.6),
        (-0.2, 0.52),
        (-0.08, 0.48),
        (0, 0.5),
        (0.08, 0.48),
        (0.2, 0.52),
        (0.35, 0.6),
    ]
    points[48:55] = outer
    points[55:60] = [(0.2, 0.7), (0.08, 0.75), (0, 0.76), (-0.08, 0.75), (-0.2, 0.7)]
    points[60:65] = [(-0.3, 0.6), (-0.1, 0.57), (0, 0.58), (0.1, 0.57), (0.3, 0.6)]
    points[65:68] = [(0.1, 0.64), (0, 0.65), (-0.1, 0.64)]
    return points


def placed(centre: tuple[float, float], size: float, angle: float = 0.0) -> Floats:
    """The mean shape in a picture, `size` wide to each side, turned clockwise by `angle`."""
    c, s = np.cos(angle), np.sin(angle)
    return (mean_shape() @ np.array([[c, s], [-s, c]]) * size + centre).astype(np.float32)


def drawn(points: Floats, shape: tuple[int, int] = (160, 160)) -> NDArray[np.uint8]:
    """A face (H, W, 3) uint8 BGR: a bright disc with dark eyes, mouth and brows."""
    image = np.full((*shape, 3), 60, np.uint8)
    outline = [points[:17], *(points[a:b] for a, b in ((17, 22), (22, 27)))]
    hull = cv2.convexHull(points.astype(np.int32))
    cv2.fillPoly(image, [hull], (150, 180, 220))
    for part in (points[36:42], points[42:48], points[48:60]):
        cv2.fillPoly(image, [part.round().astype(np.int32)], (30, 30, 60))
    for line in outline[1:]:
        cv2.polylines(image, [line.round().astype(np.int32)], False, (20, 40, 60), 2)
    cv2.circle(image, tuple(int(v) for v in points[30].round()), 3, (90, 110, 160), -1)
    return image


def face(name: str, points: Floats, **known: object) -> Face:
    """Its label, with a box as a detector draws it."""
    low, high = points.min(axis=0), points.max(axis=0)
    box = np.concatenate([low - [0, 0.15 * (high[1] - low[1])], high]).astype(np.float32)
    return Face(name, name, box, points, **{"truth": True, **known})  # type: ignore[arg-type]


def folder_of_faces(folder: Path, count: int, seed: int = 0) -> FaceSet:
    """`count` pictures in `folder` and their labels: places, sizes, ages and genders vary.

    Men are drawn dark, so that gender can be learned; the older, the greyer.
    """
    rng = np.random.default_rng(seed)
    faces = []
    for i in range(count):
        centre = (rng.uniform(70, 90), rng.uniform(70, 90))
        turn = rng.uniform(-0.2, 0.2)
        points = placed(centre, rng.uniform(30, 45), turn)
        gender, age = int(rng.integers(0, 2)), float(rng.integers(5, 80))
        image = drawn(points) if gender else drawn(points) // 2
        cv2.imwrite(str(folder / f"face_{i:03}.png"), image)
        faces.append(
            face(
                f"face_{i:03}.png",
                points,
                age=age,
                gender=gender,
                pose=np.array([0, 0, np.degrees(turn)], np.float32),
            )
        )
    return FaceSet(faces, [Pictures(folder)] * count)


LAYOUT = IBUG68
