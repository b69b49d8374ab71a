"""BIWI Kinect Head Pose (Fanelli et al. 2013): NN/frame_XXXXX_rgb.png with frame_XXXXX_pose.txt.

The text has a 3 x 3 rotation matrix, a line a row, and then the head's place in millimetres. Its
axes are the camera's, x right, y down, z away from it, so that R of `training.pose.rotation` is
S R S with S = diag(1, 1, -1). Boxes come from a label file, since the set has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.labels import FaceLabel
from training.landmarks.data.face import Face, subject
from training.pose.rotation import pose_of

PICTURE, POSE = "_rgb.png", "_pose.txt"
_FACING = np.diag([1.0, 1.0, -1.0])


def pose_of_camera(matrix: NDArray[np.floating]) -> NDArray[np.float32]:
    """(3,) yaw, pitch, roll in degrees, `Pose`'s signs, of BIWI's rotation matrix (3, 3)."""
    return pose_of(_FACING @ np.asarray(matrix, np.float64) @ _FACING).astype(np.float32)


def parse(path: Path) -> NDArray[np.float64]:
    """The rotation matrix (3, 3) of a pose text. Raises DataError naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    rows: list[list[float]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or len(rows) == 3:
            continue
        try:
            row = [float(v) for v in line.split()]
        except ValueError as error:
            raise DataError(f"{path}:{number}: {error}") from error
        if len(row) != 3:
            raise DataError(f"{path}:{number}: {len(row)} numbers, not a row of three")
        rows.append(row)
    matrix = np.array(rows)
    if matrix.shape != (3, 3):
        raise DataError(f"{path}: {len(rows)} rows of a rotation matrix, not 3")
    if not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-2) or np.linalg.det(matrix) < 0:
        raise DataError(f"{path}: its matrix is no rotation")
    return matrix


def read(
    folder: Path, names: Sequence[str], labels: Mapping[str, Sequence[FaceLabel]]
) -> list[Face]:
    """Faces of the pictures that `labels` has a box of; a person is a folder's name."""
    if not folder.is_dir():
        raise DataError(f"{folder}: pose texts are read from a folder")
    faces = []
    for name in names:
        if name.endswith(PICTURE) and name in labels:
            pose = pose_of_camera(parse(folder / f"{name.removesuffix(PICTURE)}{POSE}"))
            person = f"biwi_{PurePosixPath(name).parent.name}"
            faces.append(Face(name, person, subject(labels[name]).box, pose=pose))
    return faces
