"""What the tests of the face network share."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

SHARED = Path(__file__).resolve().parents[4] / "shared"


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def clips() -> Path:
    """The optional clips beside the checkout."""
    folder = SHARED / "data" / "clips"
    if not (folder / "people.csv").exists():
        pytest.skip("no ../shared/data/clips beside the checkout")
    return folder
