"""Pictures by name, from a folder or from a tar of it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.errors import DataError
from training.pictures import Pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "people"
    for i, name in enumerate(("Ada/1.png", "Ada/2.png", "Bob/1.png")):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(top / name), np.full((4, 5, 3), 10 * i, np.uint8))
    (top / "notes.txt").write_text("no picture")
    return top


def test_a_tar_has_the_names_of_its_folder(folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "people.tar"
    with tarfile.open(packed, "w") as tar:
        tar.add(folder, "people")
    for source in (folder, packed):
        pictures = Pictures(source)
        assert pictures.names == ["Ada/1.png", "Ada/2.png", "Bob/1.png"]
        assert pictures.read("Bob/1.png").tolist() == np.full((4, 5, 3), 20).tolist()
        assert "Ada/1.png" in pictures and "people/Ada/1.png" not in pictures


def test_what_is_missing_or_broken_is_named(folder: Path, tmp_path: Path) -> None:
    pictures = Pictures(folder)
    with pytest.raises(DataError, match="no picture 'Cid"):
        pictures.read("Cid/1.png")
    (folder / "Ada/1.png").write_text("broken")
    with pytest.raises(DataError, match=r"Ada/1\.png: not a picture"):
        pictures.read("Ada/1.png")
    with pytest.raises(DataError, match="none"):
        Pictures(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no pictures"):
        Pictures(tmp_path / "empty")
