"""A Raspberry Pi camera through picamera2, which Raspberry Pi OS packages for apt only."""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np

from edge.cameras.base import Camera, Image, require_size
from edge.errors import CameraError, CameraLost

READ_TIMEOUT_S = 3.0
DEFAULT_SIZE = (640, 480)


class PiCamera(Camera):
    """The CSI camera of the given number (0, 1); t is monotonic seconds on arrival."""

    live = True

    def __init__(
        self,
        uri: str,
        number: int,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
    ) -> None:
        """Raises CameraError if picamera2 is missing, there is no such camera, or it cannot
        give the size (pixels, default 640x480) or rate (frames per second) asked for."""
        super().__init__(uri)
        self._device = _device(uri, number)
        try:
            self._start(width or DEFAULT_SIZE[0], height or DEFAULT_SIZE[1], fps)
        except BaseException:
            self._device.close()
            raise

    def _start(self, width: int, height: int, fps: float | None) -> None:
        device = self._device
        try:
            # picamera2 names formats by their order in a little-endian word: its "RGB888" lies
            # in memory as blue, green, red.
            config = device.create_video_configuration(
                main={"size": (width, height), "format": "RGB888"},
                controls={} if fps is None else {"FrameRate": fps},
            )
            device.configure(config)
            main = device.camera_configuration()["main"]
            if main["format"] != "RGB888":
                raise CameraError(f"{self.uri}: the camera gives {main['format']}, not RGB888")
            require_size(self.uri, tuple(main["size"]), width, height)
            if fps is not None:
                low, high = _rates(device)
                if not low * 0.99 <= fps <= high * 1.01:
                    raise CameraError(
                        f"{self.uri}: asked for {fps:g} frames per second, in this mode the camera "
                        f"gives {low:g} to {high:g}"
                    )
            device.start()
        except CameraError:
            raise
        except Exception as error:  # libcamera raises bare RuntimeErrors
            raise CameraError(f"{self.uri}: the camera does not start: {error}") from error
        self.fps = fps

    def _fetch(self) -> tuple[Image, float] | None:
        try:
            job = self._device.capture_array("main", wait=False)
            image = self._device.wait(job, timeout=READ_TIMEOUT_S)
        except TimeoutError as error:
            raise CameraLost(f"{self.uri}: no frame within {READ_TIMEOUT_S:g} s") from error
        except Exception as error:
            raise CameraLost(f"{self.uri}: the camera failed: {error}") from error
        return np.asarray(image), time.monotonic()

    def _release(self) -> None:
        self._device.close()


def _device(uri: str, number: int) -> Any:
    try:
        module = importlib.import_module("picamera2")
    except ImportError as error:
        raise CameraError(
            f"{uri}: picamera2 is not installed ({error}); on Raspberry Pi OS: "
            "`sudo apt install python3-picamera2`, and make the virtual environment with "
            "--system-site-packages"
        ) from error
    found = module.Picamera2.global_camera_info()
    if number >= len(found):
        raise CameraError(f"{uri}: no camera {number}; libcamera sees {len(found)}")
    try:
        return module.Picamera2(number)
    except Exception as error:
        raise CameraError(f"{uri}: cannot open the camera: {error}") from error


def _rates(device: Any) -> tuple[float, float]:
    """Lowest and highest frames per second of the configured mode (limits are in us)."""
    shortest, longest, _ = device.camera_controls["FrameDurationLimits"]
    return 1e6 / longest, 1e6 / shortest
