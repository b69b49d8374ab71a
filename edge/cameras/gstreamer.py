"""A GStreamer pipeline, for Jetson's CSI cameras (`nvarguscamerasrc`) above all.

OpenCV from PyPI is built without GStreamer, JetPack's and Debian's are built with it. Without it
this source refuses: there is no other way to the same picture.
"""

from __future__ import annotations

import math
import time

import cv2
import numpy as np

from edge.cameras.base import Camera, Image, require_rate, require_size
from edge.errors import CameraError, CameraLost

READ_TIMEOUT_S = 3.0
OPEN_TIMEOUT_S = 10.0
OLDEST_OPENCV = (4, 8)


class GStreamerCamera(Camera):
    """A pipeline that ends in `appsink`; t is monotonic seconds on arrival."""

    live = True

    def __init__(
        self,
        uri: str,
        pipeline: str,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
    ) -> None:
        """Size (pixels) and rate (frames per second) belong into the pipeline's caps; given
        here they are only checked. Raises CameraError if OpenCV lacks GStreamer, the pipeline
        has no appsink or does not start, or it delivers something else than asked for."""
        super().__init__(uri)
        if "appsink" not in pipeline:
            raise CameraError(f"{uri}: the pipeline has no appsink, so no frame would come out")
        if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
            raise CameraError(
                f"{uri}: this OpenCV ({cv2.__version__}) is built without GStreamer, as the one "
                "from PyPI is; use the system's (JetPack, or `sudo apt install python3-opencv`)"
            )
        if _opencv_version() < OLDEST_OPENCV:
            raise CameraError(
                f"{uri}: OpenCV {cv2.__version__} cannot give a pipeline a time-out, so a camera "
                "that hangs would go unnoticed; 4.8 or later is needed"
            )
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(OPEN_TIMEOUT_S * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(READ_TIMEOUT_S * 1000),
        ]
        self._capture = cv2.VideoCapture(pipeline, cv2.CAP_GSTREAMER, limits)
        try:
            if not self._capture.isOpened():
                raise CameraError(f"{uri}: the pipeline does not start")
            got = (
                int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
                int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            )
            if min(got) <= 0:
                raise CameraError(f"{uri}: the pipeline delivers no video")
            require_size(uri, got, width, height)
            rate = float(self._capture.get(cv2.CAP_PROP_FPS))
            self.fps = rate if math.isfinite(rate) and rate > 0 else None
            require_rate(uri, self.fps or 0.0, fps)
        except BaseException:
            self._capture.release()
            raise

    def _fetch(self) -> tuple[Image, float] | None:
        try:
            ok, image = self._capture.read()
        except cv2.error as error:
            raise CameraLost(f"{self.uri}: the pipeline failed: {error.err}") from error
        if not ok or image is None:
            raise CameraLost(
                f"{self.uri}: the pipeline ended or gave no frame within {READ_TIMEOUT_S:g} s"
            )
        return image.astype(np.uint8, copy=False), time.monotonic()

    def _release(self) -> None:
        self._capture.release()


def _opencv_version() -> tuple[int, int]:
    major, minor, *_ = cv2.__version__.split(".")
    return int(major), int(minor)
