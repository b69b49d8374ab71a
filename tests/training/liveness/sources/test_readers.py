"""Public sets as they are unpacked: what is read, and what is refused with file and line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.errors import DataError
from training.liveness.sources import casia_surf, celeba_spoof, folders, nuaa, oulu_npu, siw
from training.liveness.sources.entries import Entry

IMAGE = np.zeros((112, 448, 3), np.uint8)
FACES = np.array([[10, 10, 30, 40], [100, 20, 180, 90]], np.float32)


def find(_image: np.ndarray) -> np.ndarray:
    return FACES


def no_face(_image: np.ndarray) -> np.ndarray:
    return np.zeros((0, 4), np.float32)


def files(root: Path, names: Sequence[str]) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            cv2.imwrite(str(path), IMAGE)
        else:
            path.write_bytes(b"")


def labels(found: Sequence[Entry]) -> list[tuple[str, str]]:
    return [(e.label, e.person) for e in found]


def test_casia_surf(tmp_path: Path) -> None:
    path = tmp_path / "train_list.txt"
    fake = "Training/fake_part/CLKJ_AS0005/04_en_b.rssdk"
    real = "Training/real_part/CLKJ_CS0110/real.rssdk"
    path.write_text(
        f"{fake}/color/1.png {fake}/depth/1.png {fake}/ir/1.png 0\n"
        f"{real}/color/9.png {real}/depth/9.png {real}/ir/9.png 1\n"
        "Val/0007/07-color.png Val/0007/07-depth.png Val/0007/07-ir.png 0\n"
    )
    found = casia_surf.read(path)
    assert [s.label for s in found] == ["04_en_b", "live", "attack"]
    assert [s.person for s in found[:2]] == ["CLKJ_AS0005", "CLKJ_CS0110"]
    assert found[0].ir == tmp_path / fake / "ir" / "1.png"
    files(tmp_path, [s.colour.relative_to(tmp_path).as_posix() for s in found])
    colour = list(casia_surf.colour(path))
    np.testing.assert_array_equal(colour[0].box, [-0.5, -0.5, 447.5, 111.5])
    assert not any(s.simulated for s in found) and not any(s.range for s in colour)
    (tmp_path / casia_surf.SIMULATED).write_text("by us\n")
    again = list(casia_surf.colour(path))
    assert [bool(s.range) for s in again] == [not s.live for s in again]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.png b.png c.png", "not 'COLOUR DEPTH IR LABEL'"),
        ("a.png b.png c.png 2", "label 0 or 1"),
        ("/etc/passwd b.png c.png 1", "leads out"),
        ("a.png ../../b.png c.png 1", "leads out"),
        ("x/fake_part/p/k/a.png b.png c.png 1", "label 1 for x/fake_part"),
    ],
)
def test_casia_surf_lines_that_are_wrong(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "train_list.txt"
    path.write_text(f"\na.png b.png c.png 1\n{line}\n")
    with pytest.raises(DataError, match=rf"train_list\.txt:3: .*{said}"):
        casia_surf.read(path)


def test_celeba_spoof(tmp_path: Path) -> None:
    names = ["Data/train/1/live/0.png", "Data/train/4980/spoof/7.png", "Data/train/2/spoof/8.png"]
    files(tmp_path, names)
    lists = tmp_path / "metas" / "intra_test"
    lists.mkdir(parents=True)
    told = {name: [0] * 40 + [kind, 0, 0] for name, kind in zip(names, (0, 9, 3), strict=True)}
    (lists / "train_label.json").write_text(json.dumps(told))
    found = celeba_spoof.read(lists / "train_label.json")
    assert labels(found) == [
        ("live", "celeba-spoof-1"),
        ("phone", "celeba-spoof-4980"),
        ("a4", "celeba-spoof-2"),
    ]
    beside = tmp_path / "Data/train/4980/spoof/7_BB.txt"
    beside.write_text("56 112 28 56 0.99\n")
    box = found[1].where(0, IMAGE, no_face)
    # The picture has 448 x 112 pixels, the box is stated for 224 x 224.
    np.testing.assert_allclose(box, [112 - 0.5, 56 - 0.5, 168 - 0.5, 84 - 0.5])
    with pytest.raises(DataError, match=r"0_BB\.txt"):
        found[0].where(0, IMAGE, no_face)
    beside.write_text("56 112 28\n")
    with pytest.raises(DataError, match="x y width height score"):
        found[1].where(0, IMAGE, no_face)

    (lists / "train_label.txt").write_text("".join(f"{n} {int(n != names[0])}\n" for n in names))
    found = celeba_spoof.read(lists / "train_label.txt")
    assert [e.label for e in found] == ["live", "attack", "attack"]
    for bad in ({names[0]: [0] * 40}, {names[0]: [0] * 40 + [11]}, {names[0]: [0] * 40 + [True]}):
        (lists / "train_label.json").write_text(json.dumps(bad))
        with pytest.raises(DataError, match="spoof type"):
            celeba_spoof.read(lists / "train_label.json")
    (lists / "train_label.json").write_text(json.dumps({"Data/x/live/1.png": [0] * 43}))
    with pytest.raises(DataError, match="not there"):
        celeba_spoof.read(lists / "train_label.json")


def test_nuaa(tmp_path: Path) -> None:
    files(tmp_path, ["ClientRaw/0001/0001_00_00_01_0.png", "ImposterFace/0002/1.png"])
    raw, cut = tmp_path / "client_train_raw.txt", tmp_path / "imposter_test_face.txt"
    raw.write_text("0001\\0001_00_00_01_0.png\n")
    cut.write_text("0002\\1.png 137 172 194 175\n")
    (living,) = nuaa.read(raw)
    (photo,) = nuaa.read(cut)
    assert labels([living, photo]) == [("live", "nuaa-0001"), ("print", "nuaa-0002")]
    np.testing.assert_array_equal(living.where(0, IMAGE, find), FACES[0])
    assert living.where(0, IMAGE, no_face) is None
    np.testing.assert_array_equal(photo.where(0, IMAGE, no_face), [-0.5, -0.5, 447.5, 111.5])
    raw.write_text("..\\..\\secret.png\n")
    with pytest.raises(DataError, match=r"client_train_raw\.txt:1: .*leads out"):
        nuaa.read(raw)
    with pytest.raises(DataError, match="not named like"):
        nuaa.read(tmp_path / "list.txt")


def test_oulu_npu(tmp_path: Path) -> None:
    names = ("1_2_03_1", "1_2_03_3", "6_1_07_4")
    files(tmp_path, [f"Train_files/{name}.avi" for name in names])
    protocol = tmp_path / "Protocols" / "Protocol_4" / "Train_2.txt"
    protocol.parent.mkdir(parents=True)
    protocol.write_text("+1,1_2_03_1\n-1,1_2_03_3\n-2, 6_1_07_4\n")
    found = oulu_npu.read(protocol)
    assert labels(found) == [
        ("live", "oulu-npu-03"),
        ("print", "oulu-npu-03"),
        ("replay", "oulu-npu-07"),
    ]
    eyes = tmp_path / "Train_files" / "1_2_03_1.txt"
    eyes.write_text("0,120,50,160,50\n1,0,0,0,0\n2,400,50,440,50\n")
    # The face with the eyes in it, not the one that the detector is surest of.
    np.testing.assert_array_equal(found[0].where(0, IMAGE, find), FACES[1])
    assert [found[0].where(n, IMAGE, find) for n in (1, 2, 3)] == [None, None, None]
    eyes.write_text("0,120,50,160\n")
    with pytest.raises(DataError, match=r"1_2_03_1\.txt:1: not 'frame,x,y,x,y'"):
        oulu_npu.read(protocol)[0].where(0, IMAGE, find)
    for line, said in (("-1,1_2_03_1", "which is live"), ("+1;x", "not like"), ("+1,1_1_1_6", "")):
        protocol.write_text(f"{line}\n")
        with pytest.raises(DataError, match=rf"Train_2\.txt:1: .*{said}"):
            oulu_npu.read(protocol)


def test_siw(tmp_path: Path) -> None:
    names = ["live/003/003-1-1-1-1", "spoof/003/003-1-2-1-1", "spoof/004/004-2-3-4-2"]
    files(tmp_path, [f"Train/{name}.mov" for name in names])
    found = siw.read(tmp_path / "Train")
    assert labels(found) == [("live", "siw-003"), ("print", "siw-003"), ("replay", "siw-004")]
    (tmp_path / f"Train/{names[0]}.face").write_text("10 20 30 50\n0 0 0 0\n")
    np.testing.assert_array_equal(found[0].where(0, IMAGE, no_face), [10, 20, 30, 50])
    assert found[0].where(1, IMAGE, find) is None
    assert found[0].where(2, IMAGE, find) is None
    (tmp_path / f"Train/{names[1]}.face").write_text("10 20 30\n")
    with pytest.raises(DataError, match=r"003-1-2-1-1\.face:1"):
        found[1].where(0, IMAGE, find)
    files(tmp_path, ["Train/spoof/005/005-1-1-1-1.mov"])
    with pytest.raises(DataError, match="its name says live, its folder spoof"):
        siw.read(tmp_path / "Train")


def test_folders(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    files(
        root, ["live/ada/1.png", "live/2.png", "spoof/3.png", "phone/ada/4.mp4", "live/notes.txt"]
    )
    found = folders.read(root)
    assert sorted(labels(found)) == [
        ("attack", "mine-spoof-3"),
        ("live", "mine-ada"),
        ("live", "mine-live-2"),
        ("phone", "mine-ada"),
    ]
    assert [e.is_film for e in found if e.label == "phone"] == [True]
    files(root, ["5.png"])
    with pytest.raises(DataError, match="LABEL/FILE"):
        folders.read(root)
    with pytest.raises(DataError, match="no folder live"):
        folders.read(tmp_path)
    (tmp_path / "none" / "live").mkdir(parents=True)
    with pytest.raises(DataError, match="no presentation"):
        folders.read(tmp_path / "none")
