"""Where calibration pictures come from, and what is refused."""

from __future__ import annotations

import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import PackError
from export import pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(6):
        path = tmp_path / "set" / f"person{i % 2}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((4, 5, 3), 40 * i, np.uint8))
    (tmp_path / "set" / "notes.txt").write_text("no picture")
    return tmp_path / "set"


def test_folder_and_tar_give_the_same(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as tar:
        tar.add(folder, arcname=".")
    from_folder = [image for _, image in pictures.read(folder)]
    from_tar = [image for _, image in pictures.read(tmp_path / "set.tar.gz")]
    assert len(from_folder) == 6
    assert all((a == b).all() for a, b in zip(from_folder, from_tar, strict=True))


def test_a_limit_spreads_evenly(folder: Path) -> None:
    assert [name for name, _ in pictures.read(folder, 3)] == [
        "person0/0.png",
        "person0/4.png",
        "person1/3.png",
    ]
    assert len(list(pictures.read(folder, 100))) == 6


def test_what_cannot_be_read_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="neither a folder nor a tar"):
        pictures.names(folder / "notes.txt")
    with pytest.raises(PackError, match="neither a folder nor a tar"):
        pictures.names(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackError, match="no pictures"):
        pictures.names(tmp_path / "empty")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 not really")
    with pytest.raises(PackError, match=r"broken\.jpg"):
        list(pictures.read(folder))


def test_variations_keep_the_original_and_its_type() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    made = pictures.variations(image)
    assert len(made) == 6 and (made[0] == image).all() and (made[3] == image[:, ::-1]).all()
    assert all(v.dtype == np.uint8 and v.shape == image.shape for v in made)
    assert made[1].mean() < image.mean() < made[2].mean()
