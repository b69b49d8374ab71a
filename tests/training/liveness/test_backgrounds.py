"""What is behind people: parts of photographs that show no face, or made-up rooms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge import packs
from edge.faces.detect import detect
from training.liveness import people
from training.liveness.backgrounds import PHOTOGRAPHED, empty


def test_backgrounds_show_no_face_and_come_from_photographs_as_often_as_told(faces: Path) -> None:
    found = people.stills(faces / "faces", faces / "labels.csv", held_back=False)
    asked = list[int]()
    pack, seen, photographs = packs.load("default"), 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        asked.clear()

        def draw(rng: np.random.Generator = rng) -> tuple[people.People, people.Entry]:
            asked.append(1)
            return found, found.draw(rng)

        image = empty(rng, 640, 480, draw)
        assert image.shape == (480, 640, 3) and image.dtype == np.uint8
        photographs += bool(asked)
        seen += len(detect(pack, image)[0])
    assert seen == 0
    assert abs(photographs / 40 - PHOTOGRAPHED) < 0.25


def test_where_no_picture_has_room_a_room_is_made_up(faces: Path) -> None:
    found = people.stills(faces / "faces", faces / "labels.csv", held_back=False)
    entry = found.draw(np.random.default_rng(0))
    # A face as large as its picture.
    image = found.pictures.read(entry.name)
    entry.label.box[:] = [0, 0, image.shape[1], image.shape[0]]
    one, other = (empty(np.random.default_rng(s), 320, 240, lambda: (found, entry)) for s in (1, 2))
    assert one.shape == (240, 320, 3) and not np.array_equal(one, other)
