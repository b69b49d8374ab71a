"""A state folder with someone enrolled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.edge.enrolment.helpers import run


@pytest.fixture(scope="session")
def ada(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder where Ada is enrolled from a film. Copy it, do not change it."""
    state = tmp_path_factory.mktemp("ada") / "state"
    assert run("add", "Ada", "--source", films / "single_face.mp4", "--state", state) == 0
    return state


@pytest.fixture
def state(ada: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ada, tmp_path / "state"))
