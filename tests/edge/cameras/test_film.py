"""Films written here with OpenCV's own encoder, then read back."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import open_camera
from edge.cameras.base import Image
from edge.cameras.film import Film
from edge.errors import CameraError, CameraUriError

SIZE = (64, 48)


def write_film(path: Path, fourcc: str, count: int = 20, fps: float = 25.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*fourcc), fps, SIZE)
    assert writer.isOpened()
    noise = np.random.default_rng(1)
    for k in range(count):
        picture = noise.integers(0, 30, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        picture[..., 2] = 10 * k  # red counts the frames
        writer.write(picture)
    writer.release()
    return path


@pytest.mark.parametrize("suffix, fourcc", [("mp4", "mp4v"), ("avi", "MJPG"), ("mkv", "FFV1")])
def test_frames_come_in_order_with_the_containers_times(
    tmp_path: Path, suffix: str, fourcc: str
) -> None:
    with open_camera(str(write_film(tmp_path / f"a.{suffix}", fourcc))) as camera:
        assert (camera.live, camera.fps, camera.frame_count) == (False, 25.0, 20)
        frames = []
        while (frame := camera.read()) is not None:
            frames.append(frame)
        assert camera.read() is None  # and stays at the end
    assert [f.index for f in frames] == list(range(20))
    assert [f.t for f in frames] == pytest.approx([k / 25 for k in range(20)], abs=1e-3)
    for k, frame in enumerate(frames):
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert float(frame.image[..., 2].mean()) == pytest.approx(10 * k, abs=12)
    assert isinstance(camera, Film) and not camera.cut_short


def test_channels_are_blue_green_red(tmp_path: Path) -> None:
    with open_camera(str(write_film(tmp_path / "a.mkv", "FFV1"))) as camera:
        for _ in range(20):
            frame = camera.read()
        assert frame is not None
    blue, green, red = frame.image.reshape(-1, 3).mean(axis=0)
    assert red > 170 and blue < 60 and green < 60


def test_a_slow_film_keeps_its_own_clock(tmp_path: Path) -> None:
    with open_camera(str(write_film(tmp_path / "a.avi", "MJPG", count=5, fps=2.0))) as camera:
        times = [f.t for _ in range(5) if (f := camera.read()) is not None]
    assert times == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0], abs=1e-3)


def test_an_mpeg_1_film_has_times_to_its_last_frame(tmp_path: Path) -> None:
    # Some builds of FFmpeg hand out the last frame of such a stream without a time.
    with open_camera(str(write_film(tmp_path / "a.mpg", "PIM1", count=12))) as camera:
        times = []
        while (frame := camera.read()) is not None:
            times.append(frame.t)
    assert times == pytest.approx([k / 25 for k in range(12)], abs=1e-3)


@pytest.mark.parametrize("untimed", [{3}, {11}, set(range(12))])
def test_frames_without_a_time_are_placed_by_the_rate(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    untimed: set[int],
) -> None:
    decode, count = Film._decode, itertools.count()

    def without_time(film: Film) -> tuple[Image, float] | None:
        got = decode(film)
        return (got[0], 0.0) if got and next(count) in untimed else got

    monkeypatch.setattr(Film, "_decode", without_time)
    with open_camera(str(write_film(tmp_path / "a.mkv", "FFV1", count=12))) as camera:
        times = []
        while (frame := camera.read()) is not None:
            times.append(frame.t)
    assert times == pytest.approx([k / 25 for k in range(12)], abs=1e-3)
    assert caplog.text.count("has no time") == 1


def test_a_film_whose_time_goes_back_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, times = Film._decode, iter([0.0, 0.04, 0.02])

    def back(film: Film) -> tuple[Image, float] | None:
        got = decode(film)
        return (got[0], next(times)) if got else None

    monkeypatch.setattr(Film, "_decode", back)
    with open_camera(str(write_film(tmp_path / "a.mkv", "FFV1", count=5))) as camera:
        camera.read()
        camera.read()
        with pytest.raises(CameraError, match="not after the previous"):
            camera.read()


def test_a_film_cut_short_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_film(tmp_path / "a.avi", "MJPG")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with open_camera(str(path)) as camera:
        count = 0
        while camera.read() is not None:
            count += 1
        assert isinstance(camera, Film) and camera.cut_short
    assert 0 < count < 18
    assert f"stopped after {count} of 20 frames" in caplog.text


@pytest.mark.parametrize("content", [b"", b"this is not a film\n" * 100])
def test_what_is_no_film_is_refused_when_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(CameraError, match=r"a\.mp4"):
        open_camera(str(path))


def test_a_film_that_lost_its_index_is_refused(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", "mp4v")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CameraError, match="FFmpeg"):
        open_camera(str(path))


def test_another_size_or_rate_than_asked_for_is_an_error_naming_both(tmp_path: Path) -> None:
    path = str(write_film(tmp_path / "a.mkv", "FFV1"))
    with pytest.raises(CameraError, match=r"640x480.*64x48"):
        open_camera(path, width=640, height=480)
    with pytest.raises(CameraError, match=r"30 frames.*25"):
        open_camera(path, fps=30)
    open_camera(path, width=64, height=48, fps=25).close()


def test_file_uri_with_escapes(tmp_path: Path) -> None:
    folder = tmp_path / "a film"
    folder.mkdir()
    path = write_film(folder / "ü.mkv", "FFV1", count=3)
    with open_camera(path.as_uri()) as camera:
        assert camera.uri == path.as_uri()
        assert camera.read() is not None
    with pytest.raises(CameraUriError, match="file:///"):
        open_camera("file://elsewhere/film.mkv")


def test_close_is_idempotent_and_reading_after_it_is_an_error(tmp_path: Path) -> None:
    camera = open_camera(str(write_film(tmp_path / "a.mkv", "FFV1", count=3)))
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="closed"):
        camera.read()
