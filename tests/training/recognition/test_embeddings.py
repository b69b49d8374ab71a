"""Embeddings through the device's code, and the file that keeps them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from edge import packs
from edge.errors import OutputError
from edge.faces.detect import detect
from edge.faces.embed import embed
from edge.faces.landmarks import locate
from tests.training.recognition.made_up_people import kept
from training.errors import DataError
from training.pictures import Pictures
from training.recognition import embeddings
from training.recognition.embeddings import MEASURES

CONSOLE = Console(quiet=True)


@pytest.fixture(scope="module")
def pack() -> packs.Pack:
    return packs.load("default")


def test_the_device_embeds_the_central_face_and_says_where_there_is_none(
    tmp_path: Path, pack: packs.Pack
) -> None:
    data = pytest.importorskip("skimage.data")
    astronaut = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    (tmp_path / "Ada").mkdir()
    cv2.imwrite(str(tmp_path / "Ada" / "1.png"), astronaut)
    cv2.imwrite(str(tmp_path / "Ada" / "2.png"), np.full((200, 200, 3), 90, np.uint8))
    pictures = Pictures(tmp_path)
    found = embeddings.compute(pack, pictures, pictures.names, CONSOLE)
    assert found.found.tolist() == [True, False] and np.isnan(found.vectors[1]).all()
    boxes, _ = detect(pack, astronaut)
    plain = embed(pack, astronaut, locate(pack, astronaut, boxes[0]).points)
    assert (found.vectors[0] == plain).all()
    measured = dict(zip(MEASURES, found.measures[0].tolist(), strict=True))
    assert (
        90 < measured["size"] < 250 and abs(measured["yaw"]) < 25 and measured["confidence"] > 0.5
    )
    path = tmp_path / "kept.npz"
    embeddings.save(path, pack, pictures, found)
    again = embeddings.load(path, pack, pictures, pictures.names)
    assert again.found.tolist() == [True, False]
    assert np.array_equal(again.vectors, found.vectors, equal_nan=True)
    assert np.array_equal(again.measures, found.measures, equal_nan=True)


def test_embeddings_of_another_pack_are_refused(tmp_path: Path, pack: packs.Pack) -> None:
    data, path = kept(tmp_path, pack, count=3)
    pictures = Pictures(data)
    roles = pack.manifest.roles
    other = roles.embedder.model_copy(update={"sha256": "0" * 64})
    crops = roles.detector.model_copy(update={"sha256": "1" * 64})
    for change, message in (({"embedder": other}, "made by the embedder"),
                            ({"detector": crops}, "another detector")):  # fmt: skip
        changed = roles.model_copy(update=change)
        manifest = pack.manifest.model_copy(update={"roles": changed})
        with pytest.raises(DataError, match=message):
            embeddings.load(path, replace(pack, manifest=manifest), pictures, pictures.names)
    # the scores of a manifest are measured with embeddings and change none
    scores = roles.embedder.head.scores.model_copy(update={"same_camera_shift": 0.1})
    head = roles.embedder.head.model_copy(update={"scores": scores})
    same = roles.model_copy(update={"embedder": roles.embedder.model_copy(update={"head": head})})
    manifest = pack.manifest.model_copy(update={"roles": same})
    embeddings.load(path, replace(pack, manifest=manifest), pictures, pictures.names)


def test_a_part_of_what_is_kept_may_be_asked_for_and_no_more(
    tmp_path: Path, pack: packs.Pack
) -> None:
    data, path = kept(tmp_path, pack, count=3)
    names = Pictures(data).names
    some = embeddings.load(path, pack, Pictures(data), names[5:7])
    assert some.names == tuple(names[5:7]) and len(some.vectors) == 2
    (data / "p009").mkdir()
    cv2.imwrite(str(data / "p009" / "new.png"), np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match=r"no embedding of p009/new\.png"):
        embeddings.load(path, pack, Pictures(data), Pictures(data).names)


def test_pictures_that_have_changed_are_refused(tmp_path: Path, pack: packs.Pack) -> None:
    data, path = kept(tmp_path, pack, count=3)
    cv2.imwrite(str(data / Pictures(data).names[0]), np.full((2, 2, 3), 255, np.uint8))
    with pytest.raises(DataError, match="has changed since"):
        embeddings.load(path, pack, Pictures(data), Pictures(data).names)


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "other"])
def test_a_damaged_file_is_refused(tmp_path: Path, pack: packs.Pack, damage: str) -> None:
    data, path = kept(tmp_path, pack, count=3)
    whole = path.read_bytes()
    if damage == "other":
        np.savez(path, vectors=np.zeros(3))
    else:
        path.write_bytes({"cut": whole[:-100], "text": b"picture,age\n", "empty": b""}[damage])
    with pytest.raises(DataError, match="remove it or name another"):
        embeddings.load(path, pack, Pictures(data), Pictures(data).names)


def test_vectors_that_are_none_are_refused(tmp_path: Path, pack: packs.Pack) -> None:
    data, path = kept(tmp_path, pack, count=3)
    with np.load(path) as file:
        arrays = dict(file)
    for bad in (np.nan, 3.0):
        arrays["vectors"] = arrays["vectors"].copy()
        arrays["vectors"][2, 0] = bad
        np.savez(path, **arrays)
        with pytest.raises(DataError, match="unit length"):
            embeddings.load(path, pack, Pictures(data), Pictures(data).names)
    arrays["found"] = arrays["found"][:-1]
    np.savez(path, **arrays)
    with pytest.raises(DataError, match="belong together"):
        embeddings.load(path, pack, Pictures(data), Pictures(data).names)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, pack: packs.Pack) -> None:
    data, path = kept(tmp_path, pack, count=3)
    found = embeddings.load(path, pack, Pictures(data), Pictures(data).names)
    with pytest.raises(OutputError):
        embeddings.save(tmp_path / "absent" / "x.npz", pack, Pictures(data), found)
    assert not (tmp_path / "absent").exists()
