"""How a URI picks a source, what the base class promises, and how live sources refuse."""

from __future__ import annotations

import fcntl
import importlib.util
import struct
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import Camera, gstreamer, open_camera
from edge.cameras.base import Image
from edge.cameras.v4l2 import V4L2Camera
from edge.errors import CameraError, CameraLost, CameraUriError


class Listed(Camera):
    """A source that delivers what it was given; None ends it."""

    def __init__(self, items: list[tuple[Image, float] | None], live: bool) -> None:
        super().__init__("listed:")
        self.live = live
        self.items = items
        self.released = 0

    def _fetch(self) -> tuple[Image, float] | None:
        return self.items.pop(0)

    def _release(self) -> None:
        self.released += 1


BLACK = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize("second", [1.0, 0.5, float("nan")])
def test_time_that_does_not_move_on_is_an_error(second: float) -> None:
    camera = Listed([(BLACK, 1.0), (BLACK, second)], live=True)
    camera.read()
    with pytest.raises(CameraError, match="clock"):
        camera.read()


def test_a_live_camera_never_ends_it_is_lost() -> None:
    assert Listed([None], live=False).read() is None
    with pytest.raises(CameraLost):
        Listed([None], live=True).read()


def test_strided_pictures_become_contiguous() -> None:
    frame = Listed([(np.zeros((4, 8, 3), np.uint8)[:, ::2], 0.0)], live=True).read()
    assert frame is not None and frame.image.flags.c_contiguous and frame.image.shape == (4, 4, 3)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_bgr_picture_is_refused(image: Image) -> None:
    with pytest.raises(CameraError, match="expected uint8"):
        Listed([(image, 0.0)], live=True).read()


def test_leaving_the_context_releases_once_even_on_error() -> None:
    camera = Listed([], live=True)
    with pytest.raises(RuntimeError), camera:
        raise RuntimeError
    camera.close()
    assert camera.released == 1


@pytest.mark.parametrize("uri", ["rtsp://host/stream", "http://host/a.mp4", "usb:0", ""])
def test_an_unknown_scheme_lists_the_known_ones(uri: str) -> None:
    with pytest.raises(CameraUriError) as caught:
        open_camera(uri)
    for known in ("file://", "v4l2://", "picamera2://", "gstreamer:"):
        assert known in str(caught.value)


@pytest.mark.parametrize("uri", ["v4l2:", "v4l2://", "picamera2://", "picamera2://first"])
def test_a_malformed_uri_says_how_to_write_it(uri: str) -> None:
    with pytest.raises(CameraUriError, match="write"):
        open_camera(uri)


@pytest.mark.parametrize("uri", ["/nowhere/film.mp4", "file:///nowhere/film.mp4", "v4l2:///dev/no"])
def test_what_is_not_there_is_an_error(uri: str) -> None:
    with pytest.raises(CameraError, match=r"(?i)no such file"):
        open_camera(uri)


@pytest.mark.parametrize("name", ["width", "height", "fps"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_nonsense_bounds_are_refused(name: str, value: float) -> None:
    with pytest.raises(CameraError, match=name):
        open_camera("v4l2:///dev/video0", **{name: value})  # type: ignore[arg-type]


def test_a_device_that_is_no_camera_is_refused() -> None:
    with pytest.raises(CameraError, match="does not capture video"):
        open_camera("v4l2:///dev/null")
    with pytest.raises(CameraError, match="not a device node"):
        open_camera(f"v4l2://{__file__}")


@pytest.mark.skipif(
    importlib.util.find_spec("picamera2") is not None, reason="picamera2 is installed here"
)
def test_missing_picamera2_says_how_to_get_it() -> None:
    with pytest.raises(CameraError, match="sudo apt install python3-picamera2"):
        open_camera("picamera2://0")


VIDEO = sorted(Path("/dev").glob("video*"))
NEW_ENOUGH = gstreamer._opencv_version() >= gstreamer.OLDEST_OPENCV
GSTREAMER = cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER)


@pytest.mark.skipif(GSTREAMER, reason="this OpenCV has GStreamer")
def test_opencv_without_gstreamer_says_so() -> None:
    with pytest.raises(CameraError, match="built without GStreamer"):
        open_camera("gstreamer:videotestsrc ! videoconvert ! appsink")


@pytest.mark.skipif(not GSTREAMER or NEW_ENOUGH, reason="this OpenCV has none, or can time out")
def test_an_opencv_that_cannot_time_out_a_pipeline_is_refused() -> None:
    with pytest.raises(CameraError, match=r"cannot give a pipeline a time-out"):
        open_camera("gstreamer:videotestsrc ! videoconvert ! appsink")


needs_gstreamer = pytest.mark.skipif(
    not (GSTREAMER and NEW_ENOUGH), reason="no GStreamer in this OpenCV, or one without time-outs"
)


@needs_gstreamer
def test_a_pipeline_that_hangs_is_lost_within_its_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gstreamer, "READ_TIMEOUT_S", 0.5)
    caps = "video/x-raw,format=BGR,width=64,height=48,framerate=20/1"
    source = f"videotestsrc is-live=true ! {caps} ! identity sleep-time=1500000"
    with open_camera(f"gstreamer:{source} ! appsink sync=false") as camera:
        start = time.monotonic()
        with pytest.raises(CameraLost):
            for _ in range(5):
                camera.read()
        assert time.monotonic() - start < 5


@needs_gstreamer
@pytest.mark.parametrize("pipeline", ["nonsense ! appsink", "fakesrc num-buffers=0 ! appsink"])
def test_a_pipeline_that_does_not_start_is_refused(pipeline: str) -> None:
    with pytest.raises(CameraError):
        open_camera(f"gstreamer:{pipeline}")


@needs_gstreamer
def test_a_pipeline_delivers_until_it_ends() -> None:
    caps = "video/x-raw,width=64,height=48,framerate=20/1"
    pipeline = f"videotestsrc num-buffers=5 ! {caps} ! videoconvert ! video/x-raw,format=BGR"
    with open_camera(f"gstreamer:{pipeline} ! appsink", width=64, height=48) as camera:
        frames = [camera.read() for _ in range(5)]
        assert all(f is not None and f.image.shape == (48, 64, 3) for f in frames)
        with pytest.raises(CameraLost):
            camera.read()


def test_a_pipeline_without_appsink_is_refused() -> None:
    with pytest.raises(CameraError, match="appsink"):
        open_camera("gstreamer:videotestsrc ! fakesink")


@pytest.mark.skipif(not VIDEO, reason="no V4L2 camera (try `modprobe vivid`)")
def test_a_real_v4l2_camera_delivers_on_the_monotonic_clock() -> None:
    device = VIDEO[0]
    with open_camera(f"v4l2://{device}", width=640, height=480) as camera:
        assert camera.live
        before = time.monotonic()
        frames = [camera.read() for _ in range(5)]
        after = time.monotonic()
        times = [f.t for f in frames if f]
        assert len(times) == 5 and before < times[0] and times[-1] < after
        assert all(f is not None and f.image.shape == (480, 640, 3) for f in frames)
    with pytest.raises(CameraError, match="333x217"):
        open_camera(f"v4l2://{device}", width=333, height=217)


VIDIOC_QUERYCTRL, VIDIOC_S_CTRL, NEXT_CTRL = 0xC0445624, 0xC008561C, 0x80000000


def set_vivid_control(device: Path, name: str, value: int) -> bool:
    """Set a control of the `vivid` test driver by its name. False if there is none such."""
    with device.open("rb+", buffering=0) as file:
        query = bytearray(68)  # struct v4l2_queryctrl: id, type, name[32], ...
        struct.pack_into("=I", query, 0, NEXT_CTRL)
        try:
            while True:
                fcntl.ioctl(file, VIDIOC_QUERYCTRL, query)
                number = struct.unpack_from("=I", query)[0]
                if query[8:40].split(b"\0")[0].decode() == name:
                    fcntl.ioctl(file, VIDIOC_S_CTRL, struct.pack("=Ii", number, value))
                    return True
                struct.pack_into("=I", query, 0, number | NEXT_CTRL)
        except OSError:  # no further control
            return False


@pytest.mark.skipif(not VIDEO, reason="no V4L2 camera (try `modprobe vivid`)")
def test_a_v4l2_camera_that_stops_is_lost_within_its_time_out() -> None:
    dropped = "Percentage of Dropped Buffers"
    with V4L2Camera("v4l2:", str(VIDEO[0]), timeout_s=0.7) as camera:
        camera.read()
        if not set_vivid_control(VIDEO[0], dropped, 100):
            pytest.skip(f"{VIDEO[0]} is not `vivid`, it cannot be told to stop")
        try:
            start = time.monotonic()
            with pytest.raises(CameraLost, match=r"0\.7 s"):
                for _ in range(20):  # what the driver had in hand still comes
                    camera.read()
            assert time.monotonic() - start < 5
        finally:
            set_vivid_control(VIDEO[0], dropped, 0)
