"""Sets of cameras: what belongs together, and that nothing is delivered without its companions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cameras import Camera, Frame, is_live, open_camera, together
from edge.cameras.base import Image
from edge.errors import CameraError, CameraLost, CameraUriError


def folder(path: Path, pictures: Sequence[np.ndarray], suffix: str = ".png") -> Path:
    path.mkdir()
    for i, picture in enumerate(pictures):
        assert cv2.imwrite(str(path / f"{i:03}{suffix}"), picture)
    return path


def colours(count: int) -> list[np.ndarray]:
    return [np.full((6, 8, 3), (10 * i, 0, 255), np.uint8) for i in range(count)]


def depths(count: int) -> list[np.ndarray]:
    return [np.arange(20, dtype=np.uint16).reshape(4, 5) * 3000 + i for i in range(count)]


def film(path: Path, count: int, fps: float) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (64, 48))
    for i in range(count):
        writer.write(np.full((48, 64, 3), 10 * i % 256, np.uint8))
    writer.release()
    return path


def everything(camera: Camera) -> list[Frame]:
    frames = []
    while (frame := camera.read()) is not None:
        frames.append(frame)
    return frames


def test_folders_come_together_and_sixteen_bits_survive(tmp_path: Path) -> None:
    colour = folder(tmp_path / "colour", colours(3))
    depth = folder(tmp_path / "depth", depths(3))
    ir = folder(tmp_path / "ir", [np.full((4, 4), 7 + i, np.uint8) for i in range(3)])
    uri = f"set:?colour={colour}&depth=file://{depth}&ir={ir}"
    assert not is_live(uri)
    with open_camera(uri, fps=5, width=8, height=6) as camera:
        frames = everything(camera)
    assert [f.index for f in frames] == [0, 1, 2]
    assert [f.t for f in frames] == pytest.approx([0, 0.2, 0.4])
    for i, frame in enumerate(frames):
        assert frame.image[0, 0, 0] == 10 * i
        assert frame.companions is not None
        found = frame.companions.depth, frame.companions.ir
        assert found[0] is not None and found[1] is not None
        assert found[0].image.dtype == np.uint16
        np.testing.assert_array_equal(found[0].image, depths(3)[i])
        assert found[1].image.dtype == np.uint8 and (found[1].image == 7 + i).all()
        assert found[0].lag == pytest.approx(0)


def test_a_plain_source_has_no_companions(tmp_path: Path) -> None:
    with open_camera(str(folder(tmp_path / "a", colours(1)))) as camera:
        frame = camera.read()
    assert frame is not None and frame.companions is None


def test_films_of_two_rates_drop_what_has_no_partner_and_count_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    colour, ir = film(tmp_path / "colour.avi", 12, 20), film(tmp_path / "ir.avi", 7, 10)
    with open_camera(f"set:?colour={colour}&ir={ir}&within=0.005") as camera:
        frames = everything(camera)
        assert isinstance(camera, together.CameraSet)
        assert camera.dropped == {"ir": 6}
        assert not camera.cut_short
    assert "without a partner: {'ir': 6}" in caplog.text
    assert [round(f.t, 3) for f in frames] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert all(f.companions and f.companions.ir and f.companions.depth is None for f in frames)
    # A wider bound: the slower film's picture belongs to the colour pictures around it.
    with open_camera(f"set:?colour={colour}&ir={ir}&within=0.06") as camera:
        assert len(everything(camera)) == 12


def test_a_sensor_that_ends_first_is_an_error_not_a_frame_without_it(tmp_path: Path) -> None:
    colour = folder(tmp_path / "colour", colours(3))
    depth = folder(tmp_path / "depth", depths(2))
    with open_camera(f"set:?colour={colour}&depth={depth}") as camera:
        assert camera.read() and camera.read()
        with pytest.raises(CameraError, match="depth ended before colour"):
            camera.read()


@pytest.mark.parametrize("role", ["colour", "ir"])
def test_a_member_that_is_cut_short_is_told_of(tmp_path: Path, role: str) -> None:
    whole, cut = film(tmp_path / "whole.avi", 40, 20), film(tmp_path / "cut.avi", 40, 20)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    colour, ir = (cut, whole) if role == "colour" else (whole, cut)
    with open_camera(f"set:?colour={colour}&ir={ir}") as camera:
        if role == "colour":
            assert 0 < len(everything(camera)) < 40
        else:
            with pytest.raises(CameraError, match="ir ended before colour"):
                everything(camera)
        assert getattr(camera, "cut_short", False)


def test_two_that_never_meet_are_an_error(tmp_path: Path) -> None:
    colour, depth = film(tmp_path / "colour.avi", 60, 7.3), film(tmp_path / "ir.avi", 60, 9.1)
    with (
        open_camera(f"set:?colour={colour}&ir={depth}&within=0.000001") as camera,
        pytest.raises(CameraError, match=r"no ir picture within 1e-06 s.*dropped so far"),
    ):
        everything(camera)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tiff", np.zeros((4, 4), np.float32), "float32"),
        ("a.png", None, "not a picture"),
    ],
)
def test_what_is_no_depth_map_is_refused(
    tmp_path: Path, name: str, content: np.ndarray | None, message: str
) -> None:
    colour = folder(tmp_path / "colour", colours(1))
    path = tmp_path / name
    if content is None:
        path.write_bytes(b"nothing")
    else:
        assert cv2.imwrite(str(path), content)
    with (
        open_camera(f"set:?colour={colour}&depth={path}") as camera,
        pytest.raises(CameraError, match=message),
    ):
        camera.read()


@pytest.mark.parametrize(
    "uri",
    [
        "set:",
        "set:colour=a&depth=b",
        "set:?colour=a",
        "set:?depth=a&ir=b",
        "set:?colour=a&depth=b&depth=c",
        "set:?colour=a&depth=",
        "set:?colour=a&thermal=b",
        "set:?colour=a&depth=b&within=0",
        "set:?colour=a&depth=b&within=1",
        "set:?colour=a&depth=b&within=nan",
        "set:?colour=a&depth=b&within=fast",
        "set:?colour=set:?colour=a&depth=b",
    ],
)
def test_a_malformed_set_is_refused(uri: str) -> None:
    with pytest.raises(CameraUriError):
        open_camera(uri)
    with pytest.raises(CameraUriError):
        is_live(uri)


def test_members_that_are_missing_or_of_another_size_are_errors(tmp_path: Path) -> None:
    colour = folder(tmp_path / "colour", colours(1))
    for depth in ("/nowhere", "/nowhere/a.png"):
        with pytest.raises(CameraError, match="no such file"):
            open_camera(f"set:?colour={colour}&depth={depth}")
    with (
        open_camera(f"set:?colour={colour}&depth={colour}", width=640) as camera,
        pytest.raises(CameraError, match="640"),
    ):
        camera.read()


def test_reserved_signs_of_a_member_are_escaped() -> None:
    found = together.parse("set:", "?colour=gstreamer:a%20!%20b=%26%25&ir=v4l2:///dev/video1")
    assert found.members["colour"] == "gstreamer:a ! b=&%"
    assert found.within == together.WITHIN_S


# Live cameras ---------------------------------------------------------------------------------
BLACK = np.zeros((4, 4, 3), np.uint8)


class Stamped(Camera):
    """A live camera that delivers at the given moments of its driver; then it is lost."""

    live = True

    def __init__(self, uri: str, moments: Sequence[float], *, states: bool = True) -> None:
        super().__init__(uri)
        self.moments, self.states, self.released = list(moments), states, 0

    def _fetch(self) -> tuple[Image, float] | None:
        if not self.moments:
            return None
        self.taken = self.moments[0] if self.states else None
        return BLACK, self.moments.pop(0) + 0.3  # waited in a buffer

    def _release(self) -> None:
        self.released += 1


def live_set(members: dict[str, Camera], within: float = 0.02) -> together.CameraSet:
    def opener(uri: str, **_: object) -> Camera:
        return members[uri]

    roles = "&".join(f"{role}={role}:" for role in members if role != "colour")
    named = {f"{role}:": camera for role, camera in members.items()}
    members = named
    return together.CameraSet("set:", f"?colour=colour:&{roles}&within={within}", opener)


def test_live_frames_have_the_time_when_they_were_taken() -> None:
    camera = live_set(
        {"colour": Stamped("c", [5.0, 5.03, 5.07]), "ir": Stamped("i", [4.9, 5.01, 5.04, 5.06])},
        within=0.015,
    )
    assert camera.live
    frames = [camera.read() for _ in range(3)]
    assert [f.t for f in frames if f] == [5.0, 5.03, 5.07]
    lags = [f.companions.ir.lag for f in frames if f and f.companions and f.companions.ir]
    assert lags == pytest.approx([0.01, 0.01, -0.01])


def test_a_live_sensor_that_stops_is_a_lost_camera() -> None:
    camera = live_set({"colour": Stamped("c", [1.0, 1.1]), "depth": Stamped("d", [1.0])})
    camera.read()
    with pytest.raises(CameraLost):
        camera.read()


def test_live_cameras_that_drift_apart_are_lost_within_a_second() -> None:
    colour = Stamped("c", [1 + i / 30 for i in range(90)])
    ir = Stamped("i", [1 + 0.9 / 60 + i / 30 for i in range(90)])
    camera = live_set({"colour": colour, "ir": ir}, within=0.01)
    with pytest.raises(CameraLost, match=r"no ir picture within 0\.01 s"):
        camera.read()
    assert camera.dropped["ir"] == 31


def test_a_live_camera_without_time_stamps_cannot_be_of_a_set() -> None:
    camera = live_set(
        {"colour": Stamped("c", [1.0]), "ir": Stamped("picamera2://0", [1.0], states=False)}
    )
    with pytest.raises(CameraError, match="picamera2://0: does not say when"):
        camera.read()


def test_live_cameras_and_files_do_not_mix_and_all_are_let_go() -> None:
    class File(Stamped):
        live = False

    colour, ir = Stamped("c", [1.0]), File("f", [1.0])
    with pytest.raises(CameraError, match="either all of a set are live"):
        live_set({"colour": colour, "ir": ir})
    assert (colour.released, ir.released) == (1, 1)


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True),
    st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True),
)
def test_whatever_comes_together_was_taken_together(colour: list[int], ir: list[int]) -> None:
    """... and it is delivered whenever the bound allows it, until the set is lost."""
    a, b = ([t / 100 + 1 for t in sorted(times)] for times in (colour, ir))
    camera = live_set({"colour": Stamped("c", a), "ir": Stamped("i", b)}, within=0.0201)
    got = []
    with pytest.raises(CameraLost):
        while True:
            frame = camera.read()
            assert frame and frame.companions and frame.companions.ir
            assert abs(frame.companions.ir.lag) <= 0.0201
            assert any(abs(frame.t + frame.companions.ir.lag - t) < 1e-9 for t in b)
            got.append(frame.t)
    seen = len(got) + camera.dropped["ir"]
    wanted = [t for t in a[:seen] if any(abs(t - x) <= 0.0201 for x in b)]
    assert got == wanted


VIDEO = sorted(Path("/dev").glob("video*"))


@pytest.mark.skipif(len(VIDEO) < 1, reason="no V4L2 camera (try `modprobe vivid`)")
def test_a_real_camera_states_when_a_picture_was_taken() -> None:
    with open_camera(f"v4l2://{VIDEO[0]}") as camera:
        frame = camera.read()
        assert frame is not None and camera.taken is not None
        assert 0 <= frame.t - camera.taken < 1
