"""The service's threads beside its own: the camera's, the relocking clock's, the exit button's.

What raises in one of them is told to the service, which ends with the door secured.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge.cameras import Camera, Frame, is_live, open_camera
from edge.config import Config
from edge.door import Door, ExitButton
from edge.errors import CameraError, CameraLost
from edge.slot import NewestSlot

log = logging.getLogger("face-gate")

RELOCK_EVERY_S = 0.02
EXIT_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame and when it arrived, on the machine's monotonic clock."""

    frame: Frame
    arrived: float


def fields(**values: object) -> str:
    """`key=value` pairs of a structured log line; text with spaces is quoted."""
    parts = []
    for key, value in values.items():
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        parts.append(f'{key}="{text}"' if " " in text else f"{key}={text}")
    return " ".join(parts)


class CameraThread(threading.Thread):
    """Reads the camera into the slot; opens it again, with growing pauses, when it is lost.

    A film is played at its own pace, as a camera would deliver it, and again when it ends.
    """

    def __init__(self, config: Config, slot: NewestSlot[Taken]) -> None:
        super().__init__(name="camera", daemon=True)
        self._config, self._slot = config.camera, slot
        self._halt = threading.Event()

    def stop(self) -> None:
        self._halt.set()

    def run(self) -> None:
        wait = self._config.retry_s
        while not self._halt.is_set():
            try:
                c = self._config
                # A film has the size and rate that it has.
                size = {"width": c.width, "height": c.height} if is_live(c.uri) else {}
                fps = c.fps if is_live(c.uri) else None
                with open_camera(c.uri, fps=fps, **size) as camera:
                    log.info("camera open %s", fields(uri=camera.uri))
                    wait = self._deliver(camera, wait)
            except CameraError as error:
                self._slot.fail(error)
            except Exception as error:
                self._slot.fail(error)
                return
            self._halt.wait(wait)
            wait = min(wait * 2, self._config.retry_max_s)

    def _deliver(self, camera: Camera, wait: float) -> float:
        start: float | None = None
        while not self._halt.is_set():
            frame = camera.read()
            if frame is None:
                raise CameraLost(f"{camera.uri}: the film has ended")
            now = time.monotonic()
            if not camera.live:
                start = now - frame.t if start is None else start
                if self._halt.wait(max(start + frame.t - now, 0.0)):
                    break
            self._slot.put(Taken(frame, time.monotonic()))
            wait = self._config.retry_s  # a frame came: the next loss starts over
        return wait


class Relocker(threading.Thread):
    """Ends the pulse by the clock, so that nothing that hangs elsewhere holds the door open."""

    def __init__(self, door: Door, failed: Callable[[Exception], None]) -> None:
        super().__init__(name="relock", daemon=True)
        self._door, self._failed = door, failed
        self._halt = threading.Event()

    def stop(self) -> None:
        self._halt.set()

    def run(self) -> None:
        while not self._halt.wait(RELOCK_EVERY_S):
            try:
                self._door.tick()
            except Exception as error:
                self._failed(error)  # and tick again: the lock must come to rest secured


class ExitThread(threading.Thread):
    """Opens for whoever asks to get out, whatever the camera and the networks are doing."""

    def __init__(self, button: ExitButton, door: Door, failed: Callable[[Exception], None]) -> None:
        super().__init__(name="exit", daemon=True)
        self._button, self._door, self._failed = button, door, failed
        self._halt = threading.Event()

    def stop(self) -> None:
        self._halt.set()

    def run(self) -> None:
        fresh = False  # a press from while the service was starting is too old to open for
        while not self._halt.is_set():
            try:
                pressed = self._button.pressed(EXIT_WAIT_S if fresh else 0.0)
                if pressed and fresh and not self._halt.is_set():
                    self._door.let_out()
                fresh = True
            except Exception as error:
                self._failed(error)
                return
