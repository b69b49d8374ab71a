"""A camera behind Linux' Video4Linux2: USB webcams, and `vivid` for tests.

The driver may answer a request with something near it; that answer is compared with what was
asked for, and a difference is an error.
"""

from __future__ import annotations

import math
import os
import stat
import time
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.base import Camera, Image, require_rate, require_size
from edge.errors import CameraError, CameraLost

OLDEST_STAMP_S = 10.0
READ_TIMEOUT_S = 3.0  # the first frame may take OpenCV's own 10 s: sensors need to start


class V4L2Camera(Camera):
    """A live camera at a device node such as /dev/video0; t is monotonic seconds on arrival."""

    live = True

    def __init__(
        self,
        uri: str,
        device: str,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Raises CameraError if the node is missing, is no camera, or gives another size
        (pixels) or rate (frames per second) than asked for."""
        super().__init__(uri)
        _require_node(uri, device)
        self._timeout_ns = round(timeout_s * 1e9)
        self._timeout_s = timeout_s
        self._capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        try:
            if not self._capture.isOpened():
                raise CameraError(f"{uri}: {device} is busy or does not capture video")
            for prop, value in (
                (cv2.CAP_PROP_FRAME_WIDTH, width),
                (cv2.CAP_PROP_FRAME_HEIGHT, height),
                (cv2.CAP_PROP_FPS, fps),
            ):
                if value is not None:
                    self._capture.set(prop, value)
            got = (
                int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
                int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            )
            require_size(uri, got, width, height)
            rate = float(self._capture.get(cv2.CAP_PROP_FPS))
            self.fps = rate if math.isfinite(rate) and rate > 0 else None
            require_rate(uri, self.fps or 0.0, fps)
        except BaseException:
            self._capture.release()
            raise

    def _fetch(self) -> tuple[Image, float] | None:
        try:
            # Waiting first keeps the time-out ours: a plain read may block for OpenCV's ten
            # seconds, longer than a watchdog would wait.
            ready, _ = cv2.VideoCapture.waitAny([self._capture], self._timeout_ns)
            if not ready:
                raise CameraLost(f"{self.uri}: no frame within {self._timeout_s:g} s")
            ok, image = self._capture.retrieve()
        except cv2.error as error:
            raise CameraLost(f"{self.uri}: the camera failed: {error.err}") from error
        if not ok or image is None:
            raise CameraLost(f"{self.uri}: the camera failed to deliver a frame")
        now = time.monotonic()
        # UVC and most other drivers stamp by the monotonic clock; another clock's time is no use.
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        self.taken = stamp if now - OLDEST_STAMP_S <= stamp <= now else None
        return image.astype(np.uint8, copy=False), now

    def _release(self) -> None:
        self._capture.release()


def _require_node(uri: str, device: str) -> None:
    try:
        mode = Path(device).stat().st_mode
    except OSError as error:
        raise CameraError(f"{uri}: {device}: {error.strerror}") from error
    if not stat.S_ISCHR(mode):
        raise CameraError(f"{uri}: {device} is not a device node")
    if not os.access(device, os.R_OK | os.W_OK):
        raise CameraError(f"{uri}: no permission for {device}; add the user to the group `video`")
