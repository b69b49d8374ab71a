"""A flat picture moves as a homography and shows no life; a real face on film does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from edge.track import Track, follow


@pytest.fixture(scope="module")
def pack() -> Pack:
    return packs.load()


def seen(pack: Pack, frames: Iterable[Frame]) -> list[tuple[float, Face]]:
    analyzer = Analyzer(pack, Config())
    found = ((f.t, analyzer.observe(f).face) for f in frames)
    return [(t, face) for t, face in found if face is not None and face.embedding is not None]


def evidence(faces: Sequence[tuple[float, Face]]) -> planar.Evidence:
    t, first = faces[0]
    key = planar.make_key(planar.seen(t, first.patch, first.patch_matrix))
    assert key is not None
    laid = [planar.register(key, planar.seen(t, f.patch, f.patch_matrix)) for t, f in faces]
    found = planar.weigh(key, [r for r in laid if r is not None])
    assert found is not None
    return found


def most(pack: Pack, frames: Iterable[Frame]) -> float:
    """The most that a track of these frames ever says, over the bound."""
    analyzer, found = Analyzer(pack, Config()), [0.0]
    track: Track | None = None
    for frame in frames:
        seen = analyzer.observe(frame)
        usable = seen.face is not None and seen.face.embedding is not None
        track = follow(track, seen, None, usable=usable, number=0)
        if track is not None and track.evidence is not None:
            found.append(track.evidence.liveliness)
    assert track is not None
    return max(found)


@pytest.fixture(scope="module")
def film(films: Path) -> list[Frame]:
    with open_camera(str(films / "WolfgangLanger_Pexels.mp4")) as camera:
        return list(iter(camera.read, None))[:60]


@pytest.fixture(scope="module")
def eyes(pack: Pack, film: list[Frame]) -> np.ndarray:
    """(2, 2) the middles of the eyes in frame 5."""
    face = Analyzer(pack, Config()).observe(film[5]).face
    assert face is not None
    return np.array([face.landmarks[e].mean(axis=0) for e in (slice(36, 42), slice(42, 48))])


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
    assert most(pack, film) > 5


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


def still(image: np.ndarray, frames: int, change: Callable[[np.ndarray, int], None]) -> list[Frame]:
    """A picture with sensor noise that `change` does something to, in linear float32."""
    rng, made = np.random.default_rng(2), []
    for i in range(frames):
        shown = image.astype(np.float32)
        change(shown, i)
        noisy = np.clip(shown + rng.normal(0, 2, shown.shape), 0, 255).astype(np.uint8)
        made.append(Frame(noisy, i / 30, i))
    return made


def test_living_eyes_in_a_picture_are_no_life_of_its_own(
    pack: Pack, film: list[Frame], eyes: np.ndarray
) -> None:
    """A photograph with holes: whoever looks through moves the eyes, and blinks."""
    wide = float(np.hypot(*(eyes[1] - eyes[0])))
    y, x = np.mgrid[0 : film[5].image.shape[0], 0 : film[5].image.shape[1]]
    hole = np.zeros(x.shape, bool)
    for at in eyes:
        hole |= ((x - at[0]) / (0.26 * wide)) ** 2 + ((y - at[1]) / (0.15 * wide)) ** 2 < 1

    def behind(shown: np.ndarray, i: int) -> None:
        moved = np.roll(film[20].image, round(6 * np.sin(i / 7)), axis=1)
        shown[hole] = (0.4 + 0.6 * (i % 20 > 5)) * moved[hole]

    assert most(pack, still(film[5].image, 48, behind)) < 0.5


@pytest.mark.parametrize("turns", [0.5, 1.3, -2.0])
def test_the_bands_of_a_display_are_no_life(pack: Pack, film: list[Frame], turns: float) -> None:
    """Dark stripes that a rolling shutter sees wander over a display, `turns` a second."""
    rows = np.arange(film[5].image.shape[0], dtype=np.float32)[:, None, None]

    def lit(shown: np.ndarray, i: int) -> None:
        shown *= 1 - 0.15 * (0.5 + 0.5 * np.sin(2 * np.pi * (rows / 70 - turns * i / 30)))

    assert most(pack, still(film[5].image, 48, lit)) < 0.5


def test_a_reflection_that_crosses_is_no_life(
    pack: Pack, film: list[Frame], eyes: np.ndarray
) -> None:
    high, across = film[5].image.shape[:2]
    y, x = np.mgrid[0:high, 0:across].astype(np.float32)
    wide, middle = float(np.hypot(*(eyes[1] - eyes[0]))), eyes.mean(axis=0)

    def mirrored(shown: np.ndarray, i: int) -> None:
        at = middle[0] + (i - 24) / 5 * wide
        far = ((x - at) ** 2 + (y - middle[1] - 0.6 * wide) ** 2) / (0.25 * wide) ** 2
        shown += (60 * np.exp(-far / 2))[..., None]

    assert most(pack, still(film[5].image, 48, mirrored)) < 1


def test_a_sheet_that_is_bent_a_little_is_no_life(pack: Pack, film: list[Frame]) -> None:
    high, across = film[5].image.shape[:2]
    y, x = np.mgrid[0:high, 0:across].astype(np.float32)
    off = (x - across / 2) / across

    def bent(shown: np.ndarray, i: int) -> None:
        reach = 25 * (1 + np.sin(2 * np.pi * 0.7 * i / 30))
        at = (x + reach * off**2).astype(np.float32)
        shown[:] = cv2.remap(shown, at, y, cv2.INTER_LINEAR)

    assert most(pack, still(film[5].image, 48, bent)) < 0.5


def test_too_few_or_too_brief_is_no_evidence(pack: Pack, film: list[Frame]) -> None:
    faces = seen(pack, film[:12])
    t, first = faces[0]
    key = planar.make_key(planar.seen(t, first.patch, first.patch_matrix))
    assert key is not None
    laid = [planar.register(key, planar.seen(t, f.patch, f.patch_matrix)) for t, f in faces]
    assert planar.weigh(key, [r for r in laid if r is not None]) is None


def test_a_face_without_contrast_makes_no_key() -> None:
    assert (
        planar.make_key(planar.seen(0.0, np.full((64, 64), 90, np.float32), np.eye(2, 3))) is None
    )


def test_another_view_is_left_out() -> None:
    rng = np.random.default_rng(1)
    a, b = (
        cv2.GaussianBlur(rng.uniform(0, 255, (64, 64)).astype(np.float32), (0, 0), 3) * 4
        for _ in range(2)
    )
    key = planar.make_key(planar.seen(0.0, a, np.eye(2, 3)))
    assert key is not None
    assert planar.register(key, planar.seen(0.0, a, np.eye(2, 3))) is not None
    assert planar.register(key, planar.seen(0.1, b, np.eye(2, 3))) is None
