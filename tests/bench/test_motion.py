"""The benchmark of the motion gate: what it reads, and how it says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console
from skimage import data

from bench import motion
from bench.coders import through
from edge import packs
from edge.errors import CameraError, UsageError


def test_a_printed_portrait_is_judged_and_not_let_through() -> None:
    image = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    pack = packs.load()
    found = list(motion.attacks(pack, "astronaut", image, seed=1, ways=("portrait",)))
    assert [r.way for r in found] == ["portrait", "portrait, coded"]
    for reading in found:
        assert reading.frames == motion.FRAMES and reading.first_s is None
        assert reading.liveliness is not None and reading.liveliness < 1
    console = Console(record=True, width=140)
    motion.report(console, found)
    assert "portrait, coded" in console.export_text()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_a_camera_that_codes_at_a_low_rate_is_measured_too() -> None:
    image = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    coders = ("mjpeg-5", "h264-300")
    found = list(
        motion.attacks(packs.load(), "astronaut", image, 1, ways=("portrait",), coders=coders)
    )
    assert [r.way for r in found[2:]] == ["portrait, mjpeg-5", "portrait, h264-300"]
    assert all(r.frames == motion.FRAMES for r in found), "the coder kept every frame"
    raw, _, fine, coarse = (r.residual for r in found)
    assert raw is not None and fine is not None and coarse is not None
    assert max(raw, fine) < coarse, "its errors look like motion"


def test_a_coder_without_ffmpeg_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="ffmpeg"):
        through([np.zeros((4, 4, 3), np.uint8)], "mjpeg-5")


def test_a_picture_without_a_face_gives_no_attack() -> None:
    assert list(motion.attacks(packs.load(), "grey", np.full((480, 640, 3), 90, np.uint8), 1)) == []


def test_pictures_are_chosen_evenly_and_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no pictures"):
        motion.pictures(tmp_path, 3)
    for i in range(10):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.zeros((4, 4, 3), np.uint8))
    assert [p.stem for p in motion.pictures(tmp_path, 4)] == ["0", "3", "6", "9"]


def test_a_film_that_is_not_there_is_told_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "plot.png"
    assert motion.main([str(tmp_path / "none.mkv"), "--plot", str(plot)]) == CameraError.exit_code
    assert "none.mkv" in capsys.readouterr().err and not plot.exists()
