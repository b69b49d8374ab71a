"""Drawn faces with 68 points, as made-up presentations before three sensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training import labels
from training.labels import FaceLabel
from training.liveness.fusion.made_up import head, scenes
from training.liveness.fusion.make_set import part_of, write
from training.liveness.sources import casia_surf

NOWHERE = np.full(10, np.nan, np.float32)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def turned(yaw: float, pitch: float = 0.0) -> np.ndarray:
    """Rows: where the head's axes lie in the picture's. Degrees."""
    a, b = np.deg2rad(yaw), np.deg2rad(pitch)
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return np.asarray(about_x @ about_y)


def points(rng: np.random.Generator, scale: float = 30.0) -> np.ndarray:
    """(68, 2) of a face that is turned a little, in a picture of 128 pixels."""
    rotation = turned(*rng.uniform(-20, 20, 2))
    flat = (head._SHAPE @ rotation.T)[:, :2] * scale * rng.uniform(0.9, 1.1)
    return np.asarray(flat + (64, 70) + rng.uniform(-4, 4, 2))


def picture(rng: np.random.Generator, at: np.ndarray) -> np.ndarray:
    """A face drawn on its points, skin and light of its own."""
    image = np.full((128, 128, 3), rng.integers(40, 200, 3), np.uint8)
    skin = np.array([90, 130, 190]) * rng.uniform(0.6, 1.2)
    cv2.fillConvexPoly(image, cv2.convexHull(np.rint(at).astype(np.int32)), skin.tolist())
    for part, colour in ((range(36, 42), 30), (range(42, 48), 30), (range(48, 60), 60)):
        outline = np.rint(at[list(part)]).astype(np.int32)
        cv2.fillPoly(image, [outline], (colour, colour, colour * 2))
    noisy = image + rng.normal(0, 6, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@pytest.fixture
def face() -> scenes.Face:
    rng = np.random.default_rng(0)
    at = points(rng)
    return scenes.Face(picture(rng, at), at)


def make_list(root: Path, part: str, count: int, seed: int = 0, times: int = 1) -> Path:
    """A list of `count` people, each living and on a screen.

    times: how often each stands in it; a longer epoch is not validated as often.
    """
    lines = []
    for i in range(count):
        rng = np.random.default_rng((seed, i))
        at = points(rng)
        shown = scenes.Face(picture(rng, at), at)
        both = (("real", scenes.live), ("screen", scenes.screen))
        for label, scene in both:
            live = label == "real"
            folder = f"{part}/{'real' if live else 'fake'}_part/{part}{i}/{label}.rssdk"
            names = write(root, folder, f"{i:05}", scene(shown, rng))
            lines.append(" ".join([*names, str(int(live))]))
    path = root / f"{part}.txt"
    path.write_text("\n".join(lines * times) + "\n")
    (root / casia_surf.SIMULATED).write_text("drawn\n")
    return path


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Training, held back and test: other people."""
    root = tmp_path_factory.mktemp("surf")
    return tuple(make_list(root / n, n, c, s, t) for n, c, s, t in PARTS)  # type: ignore[return-value]


PARTS = (("Training", 24, 1, 3), ("Val", 4, 2, 1), ("Testing", 8, 3, 1))


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[[int], tuple[Path, Path]]:
    """pictures(n): a folder of n labelled faces of people of all three parts, and the labels."""

    def make(count: int) -> tuple[Path, Path]:
        folder = tmp_path / "faces"
        found = []
        wanted = ["Training", "Val", "Testing"]
        names = (f"Person_{i}" for i in range(10_000))
        for i in range(count):
            person = next(n for n in names if part_of(n) == wanted[i % 3])
            rng = np.random.default_rng(i)
            at = points(rng)
            path = folder / person / f"{person}_0001.png"
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), picture(rng, at))
            box = np.concatenate([at.min(axis=0), at.max(axis=0)]).astype(np.float32)
            pose = np.full(3, np.nan, np.float32)
            five = NOWHERE.reshape(5, 2)
            name = path.relative_to(folder).as_posix()
            found.append(FaceLabel(name, box, 1.0, five, pose, at.astype(np.float32)))
        csv = tmp_path / "faces.csv"
        labels.write(csv, found)
        return folder, csv

    return make
