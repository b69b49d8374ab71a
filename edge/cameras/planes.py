"""Sources of one channel: what a set of cameras reads beside its colour pictures.

Depth maps have 16 bits and are measures, not pictures: they are passed on as they are stored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge.cameras.base import Camera, Plane
from edge.cameras.pictures import DEFAULT_FPS, pictures_in
from edge.errors import CameraError


class Source(Protocol):
    """A companion's source."""

    live: bool

    def read(self) -> tuple[Plane, float] | None:
        """(H, W) and the moment when it was taken, seconds; None at the end of files."""
        ...

    def close(self) -> None:
        """Let the device or files go."""
        ...


def load_plane(path: Path) -> Plane:
    """One picture, (H, W) uint8 or uint16 as it is stored, upright; colour becomes its luminance.

    Raises CameraError, naming the file.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise CameraError(f"{path}: cannot read the picture: {error.strerror}") from error
    try:
        flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_GRAYSCALE
        image = cv2.imdecode(data, flags) if data.size else None
    except cv2.error as error:
        raise CameraError(f"{path}: cannot decode the picture: {error.err}") from error
    if image is None:
        raise CameraError(f"{path}: not a picture that can be decoded")
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image, np.uint8)
    if image.dtype == np.uint16:
        return np.ascontiguousarray(image, np.uint16)
    raise CameraError(f"{path}: pixels are {image.dtype}; 8 or 16 bits without sign are known")


class Planes:
    """A picture or the pictures of a folder, sorted by name, at their own depth.

    Picture i has the moment i / fps, as in `edge.cameras.pictures`.
    """

    live = False

    def __init__(self, uri: str, path: Path, fps: float | None) -> None:
        """Raises CameraError when there is no picture."""
        self._fps = DEFAULT_FPS if fps is None else fps
        self._paths = pictures_in(uri, path) if path.is_dir() else [path]
        self._at = 0

    def read(self) -> tuple[Plane, float] | None:
        if self._at >= len(self._paths):
            return None
        plane, moment = load_plane(self._paths[self._at]), self._at / self._fps
        self._at += 1
        return plane, moment

    def close(self) -> None:
        self._paths = []


class CameraPlanes:
    """Any camera or film, as one channel of 8 bits."""

    def __init__(self, camera: Camera) -> None:
        self.camera, self.live = camera, camera.live

    @property
    def cut_short(self) -> bool:
        return bool(getattr(self.camera, "cut_short", False))

    def read(self) -> tuple[Plane, float] | None:
        frame = self.camera.read()
        if frame is None:
            return None
        grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        return grey.astype(np.uint8, copy=False), moment(self.camera, frame.t)

    def close(self) -> None:
        self.camera.close()


def moment(camera: Camera, t: float) -> float:
    """When a camera's last picture was taken: `t` in files, the driver's stamp on live cameras.

    Raises CameraError for a live camera that states none: pictures wait in buffers, so that two
    which arrive together may be taken far apart.
    """
    if not camera.live:
        return t
    if camera.taken is None:
        raise CameraError(
            f"{camera.uri}: does not say when its pictures were taken, so it cannot be one of a "
            "set; use a V4L2 camera whose driver stamps by the monotonic clock"
        )
    return camera.taken
