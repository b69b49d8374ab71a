"""The films that the simulated camera shows, as raw pictures: the machine need not decode them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.cameras import open_camera
from edge.errors import CameraError

SIZE = (640, 480)
CLIPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "clips"
ENROLLED_FROM = "again.mkv"
SHOWN = {"person": "yes.mkv", "stranger": "hungry.mkv"}
"""Another film of the person who is enrolled, and one of somebody else (people.csv)."""
EMPTY = "empty"


def why_missing(clips: Path = CLIPS) -> str | None:
    """Why the films cannot be shown; None if all are there."""
    lacking = [n for n in (ENROLLED_FROM, *SHOWN.values()) if not (clips / n).is_file()]
    return f"no {', '.join(lacking)} in {clips}" if lacking else None


def write_raw(film: Path, out: Path) -> int:
    """All pictures of a film, YUYV 4:2:2, one behind the other; how many. Raises CameraError."""
    count = 0
    with open_camera(str(film)) as camera, out.open("wb") as file:
        while (frame := camera.read()) is not None:
            height, width = frame.image.shape[:2]
            if (width, height) != SIZE:
                raise CameraError(f"{film}: {width}×{height}; the simulated camera is 640×480")
            file.write(cv2.cvtColor(frame.image, cv2.COLOR_BGR2YUV_YUYV).tobytes())
            count += 1
    if count == 0:
        raise CameraError(f"{film}: no pictures in it")
    return count


def write_empty(out: Path) -> None:
    """A doorstep without anybody: two pictures of a wall, with a sensor's noise."""
    noise = np.random.default_rng(7)
    with out.open("wb") as file:
        for _ in range(2):
            wall = np.clip(noise.normal(120, 4, (SIZE[1], SIZE[0], 3)), 0, 255).astype(np.uint8)
            file.write(cv2.cvtColor(wall, cv2.COLOR_BGR2YUV_YUYV).tobytes())
