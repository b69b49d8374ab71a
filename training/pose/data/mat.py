"""300W-LP and AFLW2000-3D (Zhu et al. 2016): a .mat file beside each picture.

`Pose_Para` (1, 7) begins with pitch, yaw, roll in radians, where yaw > 0 turns the nose to the
picture's left: its sign is changed here, the others are as ours. 68 points are in `pt2d` (2, 68)
or `pt3d_68` (3, 68).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.io
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from training.errors import DataError
from training.landmarks.data.face import Face, box_of_points
from training.landmarks.data.points_csv import identity_of


def pose_of_para(para: NDArray[np.floating]) -> NDArray[np.float32]:
    """(3,) yaw, pitch, roll in degrees, `Pose`'s signs, of `Pose_Para`'s first three values."""
    pitch, yaw, roll = np.degrees(np.asarray(para, np.float64).ravel()[:3])
    return np.array([-yaw, pitch, roll], np.float32)


def read(folder: Path, names: Sequence[str]) -> list[Face]:
    """Faces of the pictures `names` in `folder`, each with NAME.mat beside it.

    The synthetic poses of one photograph (`NAME_0.jpg`, `NAME_1.jpg`) are one identity. Raises
    DataError naming the file.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: .mat labels are read from a folder")
    return [_face(name, (folder / name).with_suffix(".mat")) for name in names]


def _face(name: str, path: Path) -> Face:
    if not path.is_file():
        raise DataError(f"{path}: no labels for {name}")
    try:
        stored = scipy.io.loadmat(path)
    except (OSError, ValueError, TypeError, NotImplementedError, MatReadError) as error:
        raise DataError(f"{path}: not a .mat file that can be read: {error}") from error
    para = np.asarray(stored.get("Pose_Para", ()), np.float64)
    if para.size < 3 or not np.isfinite(para.ravel()[:3]).all():
        raise DataError(f"{path}: no Pose_Para of pitch, yaw, roll")
    for key in ("pt2d", "pt3d_68"):
        points = np.asarray(stored.get(key, ()), np.float32)
        if points.ndim == 2 and points.shape[1] == 68 and np.isfinite(points[:2]).all():
            found = np.ascontiguousarray(points[:2].T)
            return Face(
                name,
                identity_of(name),
                box_of_points(found),
                found,
                truth=True,
                pose=pose_of_para(para),
            )
    raise DataError(f"{path}: no 68 points in pt2d or pt3d_68")
