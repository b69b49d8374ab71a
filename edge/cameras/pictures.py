"""Picture files, one or a folder of them, shown one after the other at a steady rate."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.base import Camera, Image, require_size
from edge.errors import CameraError

log = logging.getLogger(__name__)

PICTURE_SUFFIXES = frozenset(
    {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
DEFAULT_FPS = 10.0


def load_picture(path: Path) -> Image:
    """One picture, uint8 (H, W, 3) BGR, turned upright as its EXIF orientation says.

    Grey pictures become three equal channels, transparency is dropped, 16-bit is reduced to 8.
    Raises CameraError, naming the file, if it cannot be read or decoded.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise CameraError(f"{path}: cannot read the picture: {error.strerror}") from error
    try:
        # IMREAD_COLOR applies the EXIF orientation; the "unchanged" modes would not.
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:
        raise CameraError(f"{path}: cannot decode the picture: {error.err}") from error
    if image is None:
        raise CameraError(f"{path}: not a picture that can be decoded")
    return image.astype(np.uint8, copy=False)


class Pictures(Camera):
    """A picture or the pictures of a folder, sorted by name; frame i has t = i / fps seconds."""

    live = False

    def __init__(
        self,
        uri: str,
        path: Path,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
    ) -> None:
        """fps: frames per second given to the pictures, > 0, default 10.

        A folder's hidden files and files without a picture's suffix are passed over (logged);
        its sub-folders are not entered. Raises CameraError if no picture is left.
        """
        super().__init__(uri)
        self.fps = DEFAULT_FPS if fps is None else fps
        self._size = (width, height)
        if path.is_dir():
            self._paths = pictures_in(uri, path)
        else:
            self._paths = [path]
            load_picture(path)  # a missing or broken single picture is an error of opening
        self.frame_count = len(self._paths)

    def name_of(self, index: int) -> str:
        """The file name of the picture that frame `index` shows, for messages."""
        return self._paths[index].name

    def _fetch(self) -> tuple[Image, float] | None:
        if self._index >= len(self._paths):
            return None
        path = self._paths[self._index]
        image = load_picture(path)
        require_size(str(path), (image.shape[1], image.shape[0]), *self._size)
        assert self.fps is not None
        return image, self._index / self.fps

    def _release(self) -> None:
        self._paths = []


def pictures_in(uri: str, folder: Path) -> list[Path]:
    try:
        files = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: p.name)
    except OSError as error:
        raise CameraError(f"{uri}: cannot list the folder: {error.strerror}") from error
    shown = [p for p in files if not p.name.startswith(".") and is_picture(p)]
    if len(shown) < len(files):
        log.info("%s: %d files are not pictures, passed over", uri, len(files) - len(shown))
    if not shown:
        raise CameraError(f"{uri}: no picture ({' '.join(sorted(PICTURE_SUFFIXES))}) in the folder")
    return shown


def is_picture(path: Path) -> bool:
    """Whether the name ends like a picture's, in either case."""
    return path.suffix.lower() in PICTURE_SUFFIXES
