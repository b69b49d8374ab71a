"""Made-up presentations, and a real face in many lights, shared out among made-up people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage

from edge import packs
from edge.faces.detect import detect
from edge.faces.landmarks import locate
from tests.training.liveness import made_up_scorer
from training import labels
from training.labels import FaceLabel
from training.liveness import samples
from training.liveness.samples import Sample

PEOPLE = [f"Person_{i}" for i in range(24)]
BOX = np.array([80, 60, 140, 140], np.float32)
GREY = np.array([40, 40, 60, 60], np.float32)


def scene(rng: np.random.Generator, attack: bool) -> np.ndarray:
    """A face on a cloudy ground; an attack is that face within the edge of a sheet."""
    image = cv2.resize(rng.integers(60, 200, (6, 8, 3), np.uint8), (240, 180))
    if attack:
        cv2.rectangle(image, (60, 40), (165, 165), (235, 235, 235), 6)
    cv2.ellipse(image, (110, 100), (28, 38), 0, 0, 360, (120, 150, 200), -1)
    return np.asarray(image, np.uint8)


@pytest.fixture
def make_list(tmp_path: Path) -> Callable[..., Path]:
    """make_list(name, people, each): a list with as many living faces as of each instrument."""

    def make(name: str, people: str, each: int, instruments: tuple[str, ...] = ("print",)) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        rng = np.random.default_rng(len(people) + each)
        found = []
        for label in ("live", *instruments):
            for i in range(each):
                path = folder / f"{label}{i}.png"
                cv2.imwrite(str(path), scene(rng, label != "live"))
                found.append(Sample(path, label, people[i % len(people)], BOX))
        samples.write(folder / "list.csv", found)
        return folder / "list.csv"

    return make


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """faces/PERSON/1.jpg and labels.csv; clips/FILM/0000.jpg ... and clips.csv; people.csv."""
    folder = tmp_path_factory.mktemp("faces")
    pack = packs.load("default")
    whole = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
    nan = np.full((5, 2), np.nan, np.float32)

    def put(name: str, image: np.ndarray) -> FaceLabel:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), image)
        boxes, _ = detect(pack, image)
        points = locate(pack, image, boxes[0]).points
        told = name.split("/", 1)[1]
        pose = np.full(3, np.nan, np.float32)
        return FaceLabel(told, boxes[0], 1.0, nan, pose, np.asarray(points, np.float32))

    stills = []
    for i, person in enumerate(PEOPLE):
        image = np.ascontiguousarray(whole[: 300 + 4 * i, 60 : 400 - 3 * i])
        stills.append(put(f"faces/{person}/1.jpg", cv2.convertScaleAbs(image, alpha=0.8 + i / 60)))
    labels.write(folder / "labels.csv", stills)
    frames = [
        put(f"clips/{film}/{i:04d}.jpg", np.ascontiguousarray(whole[:320, 40 + i : 440 + i]))
        for film in ("one.mkv", "two.mkv")
        for i in range(4)
    ]
    labels.write(folder / "clips.csv", frames)
    (folder / "people.csv").write_text("clip,person\none.mkv,a\ntwo.mkv,b\n")
    return folder


@pytest.fixture
def bright(tmp_path: Path) -> Path:
    """A network that takes bright faces for living ones."""
    return made_up_scorer.write(tmp_path / "2.0_80x80_bright.onnx")


@pytest.fixture
def grey_list(tmp_path: Path) -> Callable[..., Path]:
    """grey_list(name, {label: grey levels}): pictures of one grey, six people in turn."""

    def make(name: str, levels: Mapping[str, list[int]], drawn: str = "test") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        found = []
        for label, greys in levels.items():
            for i, grey in enumerate(greys):
                path = folder / f"{label}{i}.png"
                cv2.imwrite(str(path), np.full((100, 100, 3), grey, np.uint8))
                real = label == "live"
                about: dict[str, Any] = {} if real else {"tone": grey / 255, "ink": {"kind": "a"}}
                where = "" if real else drawn
                found.append(Sample(path, label, "abcdef"[i % 6], GREY, "", where, about))
        samples.write(folder / "list.csv", found)
        return folder / "list.csv"

    return make
