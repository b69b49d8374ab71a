"""Folders of pictures and single pictures, made here in every awkward form."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import load_picture, open_camera
from edge.errors import CameraError


def save(path: Path, picture: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), picture)
    return path


def with_orientation(jpeg: bytes, value: int) -> bytes:
    """A JPEG with an EXIF block that holds only the orientation tag."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_a_folder_is_shown_sorted_by_name_at_the_asked_rate(tmp_path: Path) -> None:
    for name, level in (("b.png", 20), ("a.png", 10), ("C.bmp", 0), ("d.JPG", 30)):
        save(tmp_path / name, np.full((4, 6, 3), level, np.uint8))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_text("not a picture either")
    (tmp_path / "folder.png").mkdir()
    with open_camera(str(tmp_path), fps=4) as camera:
        assert (camera.live, camera.fps, camera.frame_count) == (False, 4, 4)
        frames = [camera.read() for _ in range(4)]
        assert camera.read() is None
    assert [int(f.image[0, 0, 0]) for f in frames if f] == [0, 10, 20, 30]
    assert [f.t for f in frames if f] == [0.0, 0.25, 0.5, 0.75]
    assert [f.index for f in frames if f] == [0, 1, 2, 3]


def test_a_folders_rate_is_ten_unless_said(tmp_path: Path) -> None:
    for k in range(2):
        save(tmp_path / f"{k}.png", np.zeros((4, 4, 3), np.uint8))
    with open_camera(str(tmp_path)) as camera:
        camera.read()
        frame = camera.read()
    assert frame is not None and frame.t == pytest.approx(0.1)


@pytest.mark.parametrize(
    "picture",
    [
        np.full((5, 7), 90, np.uint8),
        np.dstack([np.full((5, 7, 3), 90, np.uint8), np.full((5, 7), 10, np.uint8)]),
        np.full((5, 7), 90 * 257, np.uint16),
        np.full((5, 7, 3), 90, np.uint8),
    ],
    ids=["grey", "alpha", "16-bit", "colour"],
)
def test_every_kind_of_picture_becomes_three_channels(tmp_path: Path, picture: np.ndarray) -> None:
    image = load_picture(save(tmp_path / "a.png", picture))
    assert image.shape == (5, 7, 3) and image.dtype == np.uint8
    assert np.all(image == 90)


# What has to be done to the stored picture to see it upright, as the EXIF standard lists it.
UPRIGHT = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(tmp_path: Path, orientation: int) -> None:
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:8, :8] = 255  # one corner is marked
    ok, jpeg = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert ok
    path = tmp_path / "a.jpg"
    path.write_bytes(with_orientation(jpeg.tobytes(), orientation))
    image = load_picture(path)
    expected = UPRIGHT[orientation](stored)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() < 16


def test_a_single_picture_is_a_film_of_one_frame(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.full((3, 5, 3), 7, np.uint8))
    with open_camera(str(path), width=5, height=3) as camera:
        frame = camera.read()
        assert camera.read() is None
    assert frame is not None and frame.t == 0.0 and frame.image.shape == (3, 5, 3)


def test_a_broken_picture_is_an_error_that_names_it(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "b.png").write_bytes(b"\x89PNG but no more")
    (tmp_path / "empty.jpg").write_bytes(b"")
    with open_camera(str(tmp_path)) as camera:
        assert camera.read() is not None
        with pytest.raises(CameraError, match=r"b\.png"):
            camera.read()
    for name in ("b.png", "empty.jpg"):
        with pytest.raises(CameraError, match=name):
            open_camera(str(tmp_path / name))


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("nothing to see")
    with pytest.raises(CameraError, match="no picture"):
        open_camera(str(tmp_path))


def test_a_picture_of_another_size_than_asked_for_is_an_error(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.zeros((4, 6, 3), np.uint8))
    with (
        open_camera(str(tmp_path), width=8) as camera,
        pytest.raises(CameraError, match=r"8x4.*6x4"),
    ):
        camera.read()
