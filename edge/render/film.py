"""Writing a film, frame by frame."""

from __future__ import annotations

import math
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from edge.cameras.base import Image
from edge.errors import OutputError

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
"""By the file's suffix. MPEG-4 part 2 is what every build of OpenCV can write and every player
can read; browsers want `.webm`, which takes several times as long."""
LEAST_RATE, MOST_RATE = 1.0, 120.0


class FilmWriter:
    """A film file being written. A context manager; `close()` may be repeated.

    Write to a temporary path (`edge.outputs.replacing`) if half a film must not be seen.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        """fps: frames per second, 1 to 120. size: (width, height), both even.

        Raises OutputError if the suffix names no known format or this OpenCV cannot write it,
        ValueError for a rate or size that no film has.
        """
        codec = CODECS.get(path.suffix.lower())
        if codec is None:
            raise OutputError(f"{path}: no film format of that name; known are {', '.join(CODECS)}")
        if not (math.isfinite(fps) and LEAST_RATE <= fps <= MOST_RATE):
            raise ValueError(f"a film has {LEAST_RATE:g} to {MOST_RATE:g} frames/s, not {fps}")
        if min(size) < 2 or size[0] % 2 or size[1] % 2:
            raise ValueError(f"a film's width and height are even and above 0, not {size}")
        self._path, self._size, self._closed = path, size, False
        self.frames = 0
        self._writer = cv2.VideoWriter(
            str(path.absolute()), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size
        )
        if not self._writer.isOpened():
            self._writer.release()
            raise OutputError(
                f"{path}: cannot write a film there: the folder is missing or read-only, or this "
                f"OpenCV has no encoder for {codec} (try .avi)"
            )

    def write(self, image: Image) -> None:
        """Add a frame. Raises ValueError if it has another size than the film."""
        if (image.shape[1], image.shape[0]) != self._size or image.shape[2:] != (3,):
            raise ValueError(f"a frame of {image.shape} does not fit a film of {self._size}")
        self._writer.write(image)
        self.frames += 1

    def close(self) -> None:
        """Finish the file. Raises OutputError if nothing of it reached the disk."""
        if self._closed:
            return
        self._closed = True
        self._writer.release()
        # The encoder reports no error when the disk is full; an empty file is the trace of it.
        if self.frames and (not self._path.exists() or self._path.stat().st_size == 0):
            raise OutputError(f"{self._path}: the film could not be written; is the disk full?")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
