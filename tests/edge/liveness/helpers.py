"""Frames of films for tests of liveness."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import open_camera
from edge.track import Track

SHARED = Path(__file__).resolve().parents[4] / "shared"
Followed = Callable[[Iterable[np.ndarray], float], list[Track]]


def read(path: Path, first: int = 0, last: int = 10_000) -> list[np.ndarray]:
    """Frames first..last of a film; skips the test where there is none."""
    if not path.exists():
        pytest.skip(f"no {path.name} beside the checkout")
    with open_camera(str(path)) as camera:
        return [f.image for f in iter(camera.read, None) if first <= f.index <= last]


def halved(images: Iterable[np.ndarray]) -> list[np.ndarray]:
    """At half the size: faces as a door sees them, and less work."""
    return [cv2.resize(i, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for i in images]
