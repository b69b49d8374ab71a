"""A film file, decoded by FFmpeg inside OpenCV. Time is the container's own.

Decisions depend on time (how long a face was seen, whether it blinked), so a film must give the
same times on every machine: they come from the container, never from how fast it was decoded.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.base import Camera, Image, require_rate, require_size
from edge.errors import CameraError

log = logging.getLogger(__name__)

# Containers without an index state a count worked out from duration and rate, which can be off
# by a frame at either end; more than this missing means that the film stopped early.
_COUNT_SLACK = 2


class Film(Camera):
    """The frames of one film file. `read()` returns None at its end.

    `cut_short` turns True when the film stopped decoding more than two frames before the count
    that its container states (a copy that was interrupted, a damaged file); it is logged too.
    """

    live = False
    cut_short = False

    def __init__(
        self,
        uri: str,
        path: Path,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
    ) -> None:
        """Raises CameraError if the file is missing, holds no decodable frame, or is not of the
        size (pixels) or rate (frames per second) asked for."""
        super().__init__(uri)
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise CameraError(f"{uri}: cannot open the film: {error.strerror}") from error
        self._capture = cv2.VideoCapture(os.fspath(path.absolute()), cv2.CAP_FFMPEG)
        try:
            if not self._capture.isOpened():
                raise CameraError(f"{uri}: not a film that FFmpeg can decode")
            # A container may open and still hold nothing: decode the first frame now, so that
            # "no frames" is an error at the start and not a film that ended at once.
            self._ahead = self._decode()
            if self._ahead is None:
                raise CameraError(f"{uri}: the film holds no frame that can be decoded")
            first = self._ahead[0]
            require_size(uri, (first.shape[1], first.shape[0]), width, height)
            rate = float(self._capture.get(cv2.CAP_PROP_FPS))
            self.fps = rate if np.isfinite(rate) and rate > 0 else None
            if fps is not None:
                require_rate(uri, self.fps or 0.0, fps)
        except BaseException:
            self._capture.release()
            raise
        stated = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frame_count = int(stated) if np.isfinite(stated) and stated >= 1 else None
        self._untimed = False
        self._ended = False

    def _decode(self) -> tuple[Image, float] | None:
        ok, image = self._capture.read()
        if not ok or image is None:
            return None
        return image.astype(np.uint8, copy=False), self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000

    def _fetch(self) -> tuple[Image, float] | None:
        if self._ended:
            return None
        got, self._ahead = (self._ahead, None) if self._ahead else (self._decode(), None)
        if got is None:
            self._ended = True
            self._note_end()
            return None
        image, t = got
        if t == 0.0 and self._last_t is not None:
            # 0 is what FFmpeg's wrapper says for "no time stated": in raw streams every frame,
            # in MPEG-1 the last one. The film's own rate fills the gap, so results stay
            # repeatable; any other step back is left for the base class to refuse.
            t = self._last_t + 1.0 / self._rate_for_untimed()
        return image, t

    def _rate_for_untimed(self) -> float:
        if self.fps is None:
            raise CameraError(f"{self.uri}: the film states neither times nor a rate")
        if not self._untimed:
            log.warning("%s: frame %d has no time; using %g fps", self.uri, self._index, self.fps)
        self._untimed = True
        return self.fps

    def _note_end(self) -> None:
        if self.frame_count is not None and self._index < self.frame_count - _COUNT_SLACK:
            self.cut_short = True
            log.error(
                "%s: the film stopped after %d of %d frames; the file is cut short or damaged",
                self.uri,
                self._index,
                self.frame_count,
            )

    def _release(self) -> None:
        self._capture.release()
