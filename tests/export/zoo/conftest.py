"""Pictures, a mirror, and the stand-in of the zoo as a finished pack."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

sys.path.insert(0, str(Path(__file__).parent))
import standins

sys.path.pop(0)


from export.pictures import variations
from export.zoo import catalogue, pins
from export.zoo.__main__ import main


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One public portrait, varied, as 40 people with two pictures each."""
    from skimage.data import astronaut

    folder = tmp_path_factory.mktemp("pictures") / "people"
    face = np.ascontiguousarray(astronaut()[:300, 80:380, ::-1])
    shades = variations(face)
    for i in range(40):
        for j in range(2):
            place = folder / f"Person_{i}" / f"Person_{i}_{j:04d}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            cut = shades[(i + j) % 6][i // 2 : 280 + i // 2, j : 290 - i // 2]
            cv2.imwrite(str(place), cut)
    return folder


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    (folder / "net.onnx").write_bytes(standins.DATA)
    return folder


@pytest.fixture(scope="session")
def made(
    people: Path, mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path]]:
    """The pack of the stand-in, searched and measured, and the folder with its pin and report."""
    place = tmp_path_factory.mktemp("made")
    words = ["--calibrate", str(people), "--data", str(people), "--mirror", str(mirror)]
    words += ["--int8", "always", "--report", str(place), "--pin", str(place / "stand-in.toml")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalogue.ENTRIES, "stand-in", standins.ENTRY)  # type: ignore[arg-type]
        assert main(["fetch", "stand-in", *words, "--out", str(place / "pack")]) == 0
    yield place / "pack", place


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue.ENTRIES, "stand-in", standins.ENTRY)  # type: ignore[arg-type]


@pytest.fixture
def pinned(known: None, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in as it was made above."""
    monkeypatch.setattr(pins, "FOLDER", made[1])
