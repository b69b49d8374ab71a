"""The command as the tests call it, and what it left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from edge import calibrate
from edge.config import Calibration, load
from edge.gallery import Gallery
from edge.vault import Vault
from tests.edge.calibration.helpers import LENGTH, SHA

ROOT = Path(__file__).resolve().parents[3]
TEXT = "# my door\n[inference]\nthreads = 1  # it is small\n\n[log]\nlevel = 'debug'\n"
Place = tuple[Path, Path]


def run(place: Place, *words: object, module: Any = calibrate) -> int:
    config, state = place
    given = [str(word) for word in (*words, "--config", config, "--state", state)]
    return int(module.main(given))


def gallery_of(state: Path) -> Gallery:
    with Vault(state, create=False) as vault:
        return Gallery.load(vault, SHA, LENGTH)


def kept(place: Place) -> Calibration:
    found = load(place[0]).calibration
    assert found is not None
    return found


def process(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge.calibrate", *map(str, words)],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
