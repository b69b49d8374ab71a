"""A JSON list of {"file", "bbox", "euler_angle"}.

`bbox`: [x1, y1, x2, y2] in pixels. `euler_angle`: [yaw, pitch, roll] or {"yaw", "pitch", "roll"} in
degrees. Writers differ in signs; `signs` says by what each angle is multiplied to become
`edge.faces.observation.Pose`'s. `person` is optional.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.errors import DataError
from training.landmarks.data.face import Face
from training.landmarks.data.json_list import entries
from training.landmarks.data.points_csv import identity_of

ANGLES = ("yaw", "pitch", "roll")


def read(path: Path, signs: Sequence[float] = (1, 1, 1)) -> list[Face]:
    """Raises DataError naming the file and the entry."""
    return [_face(e, np.asarray(signs), f"{path}: entry {i}") for i, e in enumerate(entries(path))]


def _face(entry: Any, signs: np.ndarray, where: str) -> Face:
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
        raise DataError(f'{where}: not an object with "file"')
    angles = entry.get("euler_angle")
    if isinstance(angles, dict):
        angles = [angles.get(name) for name in ANGLES]
    try:
        pose = np.asarray(angles, np.float32).reshape(3)
        box = np.asarray(entry.get("bbox"), np.float32).reshape(4)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {error}") from error
    if not np.isfinite(pose).all() or np.abs(pose).max() > 180:
        raise DataError(f"{where}: not three angles in degrees: {pose.tolist()}")
    if not np.isfinite(box).all() or box[2] <= box[0] or box[3] <= box[1]:
        raise DataError(f"{where}: not a box: {box.tolist()}")
    name = entry["file"]
    person = str(entry.get("person", identity_of(name)))
    return Face(name, person, box, pose=(pose * signs).astype(np.float32))
