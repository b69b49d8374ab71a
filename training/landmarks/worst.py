"""A sheet of the faces whose points lie farthest off: red what was said, green what is true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.outputs import write_picture
from edge.render.sheet import contact_sheet, crop
from training.errors import DataError
from training.landmarks import metrics
from training.landmarks.data.face import Face
from training.landmarks.dataset import FaceSet
from training.landmarks.layouts import Layout
from training.landmarks.locate import Found

SIDE, COLUMNS, MOST = 200, 6, 24
ENLARGED = 3
"""Times that small pictures are enlarged before points are drawn on them."""


def sheet(path: Path, faces: FaceSet, found: Sequence[Found | None], layout: Layout) -> int:
    """Writes the `MOST` worst to `path`; returns how many faces could be judged.

    Faces that were not found come first. Raises DataError when no face has true points.
    """
    judged = []
    for i, (face, said) in enumerate(zip(faces.faces, found, strict=True)):
        if face.points is None:
            continue
        error = (
            math.inf
            if said is None or said.points is None
            else metrics.nme(said.points, face.points, layout)
        )
        judged.append((error, i))
    if not judged:
        raise DataError("--worst: no face of the sets has points to compare with")
    judged.sort(reverse=True)
    tiles = []
    for error, i in judged[:MOST]:
        face, said = faces.faces[i], found[i]
        known = "not found" if np.isinf(error) else f"{error:.3f}"
        pose = "" if not np.isfinite(face.pose).all() else f"yaw {face.pose[0]:.0f}"
        sure = "" if said is None or said.confidence is None else f"sure {said.confidence:.2f}"
        tiles.append((_drawn(faces.image(i), face, said), f"{known} {sure} {pose}"))
    write_picture(
        path, contact_sheet(tiles, COLUMNS, title="worst faces: error, confidence, yaw", width=SIDE)
    )
    return len(judged)


def _drawn(image: np.ndarray, face: Face, said: Found | None) -> np.ndarray:
    big = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    for points, colour in (
        (face.points, (80, 220, 80)),
        (None if said is None else said.points, (60, 60, 255)),
    ):
        for x, y in () if points is None else (points + 0.5) * ENLARGED - 0.5:
            cv2.circle(big, (round(float(x)), round(float(y))), 3, colour, -1, cv2.LINE_AA)
    return crop(np.asarray(big, np.uint8), face.box * ENLARGED, SIDE)
