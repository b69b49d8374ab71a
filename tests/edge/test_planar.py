"""A flat picture moves as a homography and shows no life; a real face on film does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import packs
from edge.cameras import Frame, open_camera
from edge.config import Config
from edge.faces import planar
from edge.faces.analyzer import Analyzer
from edge.faces.observation import Face
from edge.packs import Pack


@pytest.fixture(scope="module")
def pack() -> Pack:
    return packs.load()


def seen(pack: Pack, frames: Iterable[Frame]) -> list[tuple[float, Face]]:
    analyzer = Analyzer(pack, Config())
    found = ((f.t, analyzer.observe(f).face) for f in frames)
    return [(t, face) for t, face in found if face is not None and face.embedding is not None]


def evidence(faces: Sequence[tuple[float, Face]]) -> planar.Evidence:
    t, first = faces[0]
    key = planar.make_key(t, first.patch, first.patch_matrix)
    assert key is not None
    laid = [planar.register(key, t, f.patch, f.patch_matrix) for t, f in faces]
    found = planar.weigh(key, [r for r in laid if r is not None])
    assert found is not None
    return found


@pytest.fixture(scope="module")
def film(films: Path) -> list[Frame]:
    with open_camera(str(films / "WolfgangLanger_Pexels.mp4")) as camera:
        return list(iter(camera.read, None))[:36]


def tilted(image: np.ndarray, frames: int, seed: int) -> list[Frame]:
    """The same picture under slowly varying homographies, with sensor noise."""
    rng = np.random.default_rng(seed)
    h, w = image.shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    phase, reach = rng.uniform(0, 6.28, (4, 2)), 0.04 * w
    made = []
    for i in range(frames):
        moved = (corners + reach * np.sin(2 * np.pi * 0.7 * i / 30 + phase)).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(corners, moved)
        turned = cv2.warpPerspective(image, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE)
        noisy = np.clip(turned + rng.normal(0, 2, turned.shape), 0, 255).astype(np.uint8)
        made.append(Frame(noisy, i / 30, i))
    return made


def test_a_living_face_is_beyond_the_bound(pack: Pack, film: list[Frame]) -> None:
    assert evidence(seen(pack, film)).liveliness > 2


@pytest.mark.parametrize("seed", range(4))
def test_a_flat_picture_however_tilted_stays_far_below(
    pack: Pack, film: list[Frame], seed: int
) -> None:
    flat = evidence(seen(pack, tilted(film[5].image, 36, seed)))
    assert flat.movement > 0.02, "the picture hardly moved: nothing was tested"
    assert flat.liveliness < 0.5


def test_a_motionless_picture_shows_nothing(pack: Pack, film: list[Frame]) -> None:
    rng = np.random.default_rng(0)
    image = film[5].image
    still = [
        Frame(np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8), i / 30, i)
        for i in range(36)
    ]
    assert evidence(seen(pack, still)).liveliness < 0.3


def test_too_few_or_too_brief_is_no_evidence(pack: Pack, film: list[Frame]) -> None:
    faces = seen(pack, film[:12])
    t, first = faces[0]
    key = planar.make_key(t, first.patch, first.patch_matrix)
    assert key is not None
    laid = [planar.register(key, t, f.patch, f.patch_matrix) for t, f in faces]
    assert planar.weigh(key, [r for r in laid if r is not None]) is None


def test_a_face_without_contrast_makes_no_key() -> None:
    assert planar.make_key(0.0, np.full((64, 64), 90, np.float32), np.eye(2, 3)) is None


def test_another_view_is_left_out() -> None:
    rng = np.random.default_rng(1)
    a, b = (
        cv2.GaussianBlur(rng.uniform(0, 255, (64, 64)).astype(np.float32), (0, 0), 3) * 4
        for _ in range(2)
    )
    key = planar.make_key(0.0, a, np.eye(2, 3))
    assert key is not None
    assert planar.register(key, 0.0, a, np.eye(2, 3)) is not None
    assert planar.register(key, 0.1, b, np.eye(2, 3)) is None
