"""What every source of pictures promises: one frame at a time, on a clock that only moves on.

The promise is kept here, once, and not in each source: `Camera.read` checks the picture and its
time whatever the backend delivered. A source only says how to fetch and how to let go.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.errors import CameraError, CameraLost

Image = NDArray[np.uint8]
Plane = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, eq=False, slots=True)
class Companion:
    """What another sensor saw at the moment of a frame.

    image: (H, W) uint8 or uint16, one channel, in that sensor's own size and units.
    lag: seconds by which it was taken after the frame's picture; negative: before.
    """

    image: Plane
    lag: float


@dataclass(frozen=True, eq=False, slots=True)
class Companions:
    """depth, ir: None where the source has no such sensor."""

    depth: Companion | None = None
    ir: Companion | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One picture and when it was taken.

    image: uint8, shape (H, W, 3), C-contiguous, channels in the order blue, green, red.
    t: seconds on the source's own clock: film time for a film or folder (starts near 0), the
        machine's monotonic clock for a live camera.
    index: 0 for the first frame that this camera object delivered, then counting up by one.
    companions: of a set of cameras (`edge.cameras.together`); None from any other source.
    """

    image: Image
    t: float
    index: int
    companions: Companions | None = None


class Camera(ABC):
    """A source of frames. Use as a context manager; `close()` may be called any number of times.

    A subclass sets the attributes below and implements `_fetch` and `_release`. Not thread safe:
    one thread reads. `close()` may come from another thread only once that one has stopped.
    """

    uri: str
    live: bool
    fps: float | None = None  # frames per second that the source states; None = it does not say
    frame_count: int | None = None  # frames the source states it holds; None = live or unknown
    taken: float | None = None
    """When the last picture was taken, seconds of the machine's monotonic clock, by the driver's
    own time stamp; None = the source does not say. A frame's t may be later: its arrival."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._closed = False
        self._index = 0
        self._last_t: float | None = None

    def read(self) -> Frame | None:
        """The next frame, or None at the end of a film or folder (never from a live camera).

        Raises CameraLost if a live camera stops or its time-out passes, and CameraError if the
        camera is closed, a picture cannot be decoded, or time does not move forward.
        """
        if self._closed:
            raise CameraError(f"{self.uri}: read after the camera was closed")
        got = self._fetch()
        if got is None:
            if self.live:
                raise CameraLost(f"{self.uri}: the camera stopped delivering frames")
            return None
        image, t = got
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise CameraError(
                f"{self.uri}: frame {self._index} is {image.dtype}{list(image.shape)}; "
                "expected uint8[H, W, 3]"
            )
        if self._last_t is not None and not t > self._last_t:
            raise CameraError(
                f"{self.uri}: frame {self._index} has time {t:.6f} s, not after the previous "
                f"frame's {self._last_t:.6f} s; a decision over time needs a clock that moves on"
            )
        frame = Frame(np.ascontiguousarray(image), t, self._index)
        self._last_t = t
        self._index += 1
        return frame

    def close(self) -> None:
        """Let the device or file go. Harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._release()

    @abstractmethod
    def _fetch(self) -> tuple[Image, float] | None:
        """The next picture and its time in seconds; None at the end."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of what the source holds. Called once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def require_size(uri: str, got: tuple[int, int], width: int | None, height: int | None) -> None:
    """Raise CameraError unless `got` (width, height in pixels) is what was asked for.

    None asks for nothing. Another size than the one asked for would silently move every bound
    that is stated in pixels, so there is no nearest match and no resizing.
    """
    wanted = (got[0] if width is None else width, got[1] if height is None else height)
    if got != wanted:
        raise CameraError(
            f"{uri}: asked for {wanted[0]}x{wanted[1]} pixels, the source gives {got[0]}x{got[1]}; "
            "ask for a size that it offers, or for none"
        )


def require_rate(uri: str, got: float, wanted: float | None) -> None:
    """Raise CameraError unless `got` frames per second is within 1 % of what was asked for."""
    if wanted is not None and abs(got - wanted) > 0.01 * wanted:
        raise CameraError(
            f"{uri}: asked for {wanted:g} frames per second, the source gives {got:g}; "
            "ask for a rate that it offers, or for none"
        )
