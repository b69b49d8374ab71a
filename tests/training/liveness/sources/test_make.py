"""Lists of sets: pictures where they lie, frames of films beside the list, all or nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import OutputError, UsageError
from edge.render import FilmWriter
from training.errors import DataError
from training.liveness import samples
from training.liveness.samples import picture
from training.liveness.sources.__main__ import main


def image(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.asarray(cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (160, 120)), np.uint8)


@pytest.fixture
def siw(tmp_path: Path) -> Path:
    """A set of SiW's form: 12 frames each, in some of which no face was found."""
    root = tmp_path / "SiW" / "Train"
    for i, name in enumerate(("live/003/003-1-1-1-1", "spoof/003/003-1-3-1-1")):
        film = root / f"{name}.mov"
        film.parent.mkdir(parents=True)
        with FilmWriter(film.with_suffix(".mkv"), 30, (160, 120)) as writer:
            for _ in range(12):
                writer.write(image(i))
        film.with_suffix(".mkv").rename(film)
        lines = [f"{10 + n} 20 60 90" if n != 4 else "0 0 0 0" for n in range(12)]
        film.with_suffix(".face").write_text("\n".join(lines) + "\n")
    return root


def test_frames_of_films_lie_beside_the_list(siw: Path, tmp_path: Path) -> None:
    out = tmp_path / "lists" / "siw.csv"
    out.parent.mkdir()
    assert main(["siw", str(siw), "--every", "4", "--out", str(out)]) == 0
    found = samples.read(out)
    # Frames 0, 4 and 8; in frame 4 there is no face.
    assert [(s.label, s.person, s.box[0]) for s in found] == [
        ("live", "siw-003", 10),
        ("live", "siw-003", 18),
        ("replay", "siw-003", 10),
        ("replay", "siw-003", 18),
    ]
    assert len({s.film for s in found}) == 2
    assert all(s.picture.parent == out.parent / "siw" for s in found)
    assert np.abs(picture(found[0]).astype(int) - image(0)).mean() < 6
    assert sorted(p.name for p in out.parent.iterdir()) == ["siw", "siw.csv"]
    with pytest.raises(OutputError, match="there already"):
        main(["siw", str(siw), "--out", str(out)])


def test_a_film_that_breaks_leaves_nothing(siw: Path, tmp_path: Path) -> None:
    (siw / "spoof/003/003-1-3-1-1.face").write_text("1 2 3\n")
    out = tmp_path / "lists" / "siw.csv"
    out.parent.mkdir()
    with pytest.raises(DataError, match=r"003-1-3-1-1\.face:1"):
        main(["siw", str(siw), "--out", str(out)])
    assert list(out.parent.iterdir()) == []


def test_pictures_stay_where_they_are(tmp_path: Path) -> None:
    root = tmp_path / "NUAA"
    for name in ("ClientFace/0001/1.png", "ImposterFace/0002/2.png"):
        (root / name).parent.mkdir(parents=True)
        cv2.imwrite(str(root / name), image(1))
    (root / "client_train_face.txt").write_text("0001\\1.png\n")
    (root / "imposter_train_face.txt").write_text("0002\\2.png\n")
    given = ["nuaa", *(str(root / f"{who}_train_face.txt") for who in ("client", "imposter"))]
    assert main([*given, "--out", str(root / "train.csv")]) == 0
    found = samples.read(root / "train.csv")
    assert [s.label for s in found] == ["live", "print"]
    assert found[1].picture == root / "ImposterFace/0002/2.png"
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(UsageError, match="folder above its pictures"):
        main([*given, "--out", str(tmp_path / "elsewhere" / "train.csv")])
    with pytest.raises(UsageError, match=r"\.csv"):
        main([*given, "--out", str(root / "train.txt")])
    with pytest.raises(UsageError, match="--every"):
        main([*given, "--out", str(root / "train.csv"), "--every", "0"])
    (root / "ImposterFace/0002/2.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"2\.png: not a picture"):
        main([*given, "--out", str(root / "again.csv")])
    assert not (root / "again.csv").exists()


def test_a_set_in_which_no_face_is_found_gives_no_list(tmp_path: Path) -> None:
    """The default pack's detector looks, and sees a wall."""
    for label in ("live", "spoof"):
        (tmp_path / label).mkdir()
        cv2.imwrite(str(tmp_path / label / "1.png"), np.full((120, 160, 3), 120, np.uint8))
    with pytest.raises(DataError, match="no face was found"):
        main(["folders", str(tmp_path), "--out", str(tmp_path / "list.csv")])
    assert not (tmp_path / "list.csv").exists()
