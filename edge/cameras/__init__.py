"""Where pictures come from. Sources decide nothing: they deliver frames or say why not."""

from __future__ import annotations

import math
import re
from pathlib import Path

from edge.cameras import together, uris
from edge.cameras.base import Camera, Companion, Companions, Frame
from edge.cameras.film import Film
from edge.cameras.gstreamer import GStreamerCamera
from edge.cameras.picamera import PiCamera
from edge.cameras.pictures import Pictures, is_picture, load_picture
from edge.cameras.v4l2 import V4L2Camera
from edge.errors import CameraError, CameraUriError

__all__ = [
    "Camera",
    "Companion",
    "Companions",
    "Frame",
    "is_live",
    "load_picture",
    "open_camera",
]

KNOWN = (
    "a path or file:///PATH (film, picture, or folder of pictures), v4l2:///dev/videoN, "
    "picamera2://N, gstreamer:PIPELINE, set:?colour=URI&depth=URI&ir=URI"
)


def is_live(uri: str) -> bool:
    """Whether the URI names a camera, whose size and rate can be asked for, and not a file."""
    scheme, rest = uris.split(uri)
    if scheme == "set":
        return is_live(together.parse(uri, rest).members["colour"])
    return scheme in ("v4l2", "picamera2", "gstreamer")


def open_camera(
    uri: str,
    *,
    width: int | None = None,
    height: int | None = None,
    fps: float | None = None,
) -> Camera:
    """Open the source that the URI names.

    uri: a plain path or `file:///PATH` to a film, a picture or a folder of pictures;
        `v4l2:///dev/video0`; `picamera2://0`; `gstreamer:PIPELINE` with an appsink; several of
        these as `set:?colour=URI&depth=URI&ir=URI` (see `edge.cameras.together`).
    width, height: pixels, fps: frames per second, each > 0. What is asked for is what comes, or
        it is an error; None takes what the source gives. A folder's pictures are shown at `fps`.

    Raises CameraUriError for a URI that names no known source, CameraError if the source is
    missing, cannot be opened, or does not give what was asked for.
    """
    for name, value in (("width", width), ("height", height), ("fps", fps)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise CameraError(f"{uri}: {name} must be above 0, not {value}")
    path = uris.path_of(uri)
    if path is not None:
        return _open_path(uri, path, width, height, fps)
    scheme, rest = uris.split(uri)
    if scheme == "v4l2":
        if not re.fullmatch(r"///?[^/].*", rest):
            raise CameraUriError(f"{uri}: write v4l2:///dev/videoN")
        return V4L2Camera(uri, "/" + rest.lstrip("/"), width=width, height=height, fps=fps)
    if scheme == "picamera2":
        number = re.fullmatch(r"//([0-9]{1,2})/?", rest)
        if number is None:
            raise CameraUriError(f"{uri}: write picamera2://N, N being the camera's number")
        return PiCamera(uri, int(number[1]), width=width, height=height, fps=fps)
    if scheme == "gstreamer":
        return GStreamerCamera(uri, rest.strip(), width=width, height=height, fps=fps)
    if scheme == "set":
        return together.CameraSet(uri, rest, open_camera, width=width, height=height, fps=fps)
    raise CameraUriError(
        f"{uri}: unknown kind of camera {scheme!r}; known are {KNOWN}. "
        "A file whose name has a colon is written ./NAME"
    )


def _open_path(
    uri: str, path: Path, width: int | None, height: int | None, fps: float | None
) -> Camera:
    if not uri:
        raise CameraUriError(f"empty camera URI; known are {KNOWN}")
    if not path.exists():
        raise CameraError(f"{uri}: no such file or folder")
    kind = Pictures if path.is_dir() or is_picture(path) else Film
    return kind(uri, path, width=width, height=height, fps=fps)
