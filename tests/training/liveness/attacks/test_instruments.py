"""Each instrument on a real face: seen where it is said to be, and again the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from edge.packs import Pack
from training.liveness.attacks import INSTRUMENTS, Presented, Scene, Shown, ShownFilm
from training.liveness.attacks.cutout import CutOut, CutSheet, FaceMask
from training.liveness.attacks.devices import OnMonitor, OnPhone, OnScreen, OnTablet
from training.liveness.attacks.lifesize import LifeSize, LifeSizeSheet
from training.liveness.attacks.mask import PIECES
from training.liveness.attacks.motion import Sway
from training.liveness.attacks.ranges import RANGES, draw
from training.liveness.presentations import found

NAMES = tuple(INSTRUMENTS)


def still(name: str, shown: Shown, scene: Scene, seed: int, of: str = "train") -> Presented:
    rng = np.random.default_rng(seed)
    return INSTRUMENTS[name].still(shown, scene, INSTRUMENTS[name].draw(rng, of), rng)


def film(name: str, shown: ShownFilm, scene: Scene, seed: int, n: int = 5) -> list[Presented]:
    rng = np.random.default_rng(seed)
    one = INSTRUMENTS[name]
    return list(one.film(shown, scene, one.draw(rng, "train"), rng, frames=n, fps=10))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_frame(name: str, person: Shown, scene: Scene) -> None:
    one, two, three = (still(name, person, scene, s) for s in (4, 4, 5))
    np.testing.assert_array_equal(one.image, two.image)
    assert (one.image != three.image).any()
    assert one.image.shape == scene.frames[0].image.shape and one.image.dtype == np.uint8


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("of", RANGES)
def test_the_face_is_where_it_is_said_to_be(
    name: str, of: str, person: Shown, scene: Scene, pack: Pack
) -> None:
    boxes = [found(pack, still(name, person, scene, s, of)) for s in range(8)]
    assert sum(b is not None for b in boxes) >= 6


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("mask", "cutout", "facemask")])
def test_the_attackers_own_face_is_hidden(name: str, person: Shown, scene: Scene) -> None:
    """Whoever is before the camera, the middle of the frame's face is that of the medium."""
    faces = []
    for level in (40, 220):
        image = np.full_like(scene.frames[0].image, level)
        flat = Scene([replace(scene.frames[0], image=image)], person_there=False)
        faces.append(still(name, person, flat, 11))
    middle = faces[0].face_box.reshape(2, 2).mean(axis=0).astype(int)
    patches = [
        f.image[middle[1] - 6 : middle[1] + 6, middle[0] - 6 : middle[0] + 6].astype(float)
        for f in faces
    ]
    corner = [f.image[-12:, :12].astype(float).mean() for f in faces]
    assert abs(corner[1] - corner[0]) > 60
    # The light of the scene differs, the picture does not: alike up to a factor.
    a, b = ((p - p.mean()).ravel() for p in patches)
    assert a @ b / np.sqrt((a @ a) * (b @ b)) > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_films_move_a_little_from_frame_to_frame(name: str, person: Shown, scene: Scene) -> None:
    frames = film(name, ShownFilm([person]), scene, 3, 12)
    assert len(frames) == 12
    assert {f.image.shape for f in frames} == {scene.frames[0].image.shape}
    places = np.array([f.face_box.reshape(2, 2).mean(axis=0) for f in frames])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    moves = name not in ("monitor", "mask")  # one stands, the other is worn by a still picture
    if name != "replay":
        assert (steps.max() > 0.05) == moves
    assert steps.max() < 0.3 * person.face_width


def test_only_a_replay_changes_what_it_shows(person: Shown, scene: Scene) -> None:
    """The face is white in the second half of the film that is shown."""
    white = replace(person, image=np.full_like(person.image, 255))
    shown = ShownFilm([person, white], fps=10)
    for name, changes in (("replay", True), ("phone", False), ("monitor", False)):
        rng = np.random.default_rng(1)
        p = replace(draw(OnPhone, rng, "train"), glass=replace(draw(OnPhone, rng, "train").glass))
        p = draw(OnMonitor, rng, "train") if name == "monitor" else p
        frames = list(INSTRUMENTS[name].film(shown, scene, p, rng, frames=2, fps=10))
        x1, y1, x2, y2 = frames[0].face_box.astype(int)
        spread = [f.image[y1:y2, x1:x2].astype(float).std() for f in frames]
        assert (spread[1] < 0.6 * spread[0]) == changes, name


@pytest.mark.parametrize("of", [OnPhone, OnTablet, OnMonitor])
def test_a_brighter_display_is_brighter(of: type[OnScreen], person: Shown, scene: Scene) -> None:
    p = draw(of, np.random.default_rng(2), "train")
    name = {OnPhone: "phone", OnTablet: "tablet", OnMonitor: "monitor"}[of]
    means = []
    for gain in (0.3, 1.0):
        brighter: Any = replace(p, display=replace(p.display, gain=gain))
        frame = INSTRUMENTS[name].still(person, scene, brighter, np.random.default_rng(0))
        x1, y1, x2, y2 = frame.face_box.astype(int)
        means.append(frame.image[y1:y2, x1:x2].mean())
    assert means[1] > 1.2 * means[0]


def test_bands_are_seen_in_rows(person: Shown, scene: Scene) -> None:
    p = draw(OnTablet, np.random.default_rng(2), "train")
    white = replace(person, image=np.full_like(person.image, 200))
    swings = []
    for band in (0.0, 0.2):
        striped = replace(p, display=replace(p.display, band=band, band_rows=40.0))
        frame = INSTRUMENTS["tablet"].still(white, scene, striped, np.random.default_rng(0))
        x1, y1, x2, y2 = frame.face_box.astype(int)
        swings.append(frame.image[y1:y2, x1:x2].mean(axis=(1, 2)).std())
    assert swings[1] > 3 * swings[0]


@pytest.mark.parametrize("kind", [CutOut, FaceMask])
def test_eyes_look_through_and_a_face_mask_ends_at_the_head(
    kind: type[CutOut], person: Shown, scene: Scene
) -> None:
    p = replace(draw(kind, np.random.default_rng(0), "train"), bend=0.0)
    if isinstance(p, FaceMask):
        p = replace(p, holes=True)
    sheet = CutSheet(person, scene.frames[0], p, True, np.random.default_rng(0))
    high, wide = sheet._paper.shape
    places = (sheet.laid.on_medium(person.points) + sheet.half) * sheet.per_cm

    def paper(point: np.ndarray) -> float:
        x, y = np.clip(point, 0, (wide - 1, high - 1)).astype(int)
        return float(sheet._paper[y, x])

    assert paper(places[30]) == 1  # the nose
    assert paper(places[36:42].mean(axis=0)) == 0
    assert paper(places[42:48].mean(axis=0)) == 0
    outlined = kind is FaceMask
    assert paper(np.zeros(2)) == (0 if outlined else 1)
    assert (0.25 < sheet._paper.mean() < 0.8) == outlined


def test_a_face_mask_may_have_no_holes(person: Shown, scene: Scene) -> None:
    p = replace(draw(FaceMask, np.random.default_rng(0), "train"), holes=False)
    sheet = CutSheet(person, scene.frames[0], p, True, np.random.default_rng(0))
    eye = sheet.laid.on_medium(person.points[36:42]).mean(axis=0)
    x, y = ((eye + sheet.half) * sheet.per_cm).astype(int)
    assert sheet._paper[y, x] == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_life_size_photograph_lies_on_the_face(seed: int, person: Shown, scene: Scene) -> None:
    """Its eyes are where it was told to hold them, as far apart as told, and it has no holes."""
    p = replace(draw(LifeSize, np.random.default_rng(seed), "train"), bend=0.0)
    sheet = LifeSizeSheet(person, scene.frames[0], p, True, np.random.default_rng(0))
    eyes = (slice(36, 42), slice(42, 48))
    surface = sheet.surface(scene.frames[0], Sway())
    seen, own = (
        np.array([points[e].mean(axis=0) for e in eyes])
        for points in (
            surface.project(sheet.laid.on_medium(person.points)),
            scene.frames[0].points,
        )
    )
    wide = scene.frames[0].face_width
    off = (seen.mean(axis=0) - own.mean(axis=0)) / wide
    assert off == pytest.approx((p.aside, p.down), abs=0.02)
    apart = np.linalg.norm(seen[1] - seen[0]) / np.linalg.norm(own[1] - own[0])
    assert apart == pytest.approx(p.fit, rel=0.1)  # it may be turned a little
    frame = sheet.frame(scene.frames[0], Sway(), np.random.default_rng(0))
    assert frame.medium is not None
    for x, y in seen.round().astype(int):
        assert frame.medium[y, x] > 0.9
    wide, high = 2 * sheet.half
    assert wide >= p.face and high >= p.face


@pytest.mark.parametrize("name", ["lifesize", "cutout", "facemask", "mask"])
def test_what_is_worn_leaves_the_rest_of_the_scene(name: str, person: Shown, scene: Scene) -> None:
    """A wearer of another brightness changes what is around the paper."""
    bright = replace(scene.frames[0], image=cv2.add(scene.frames[0].image, (60, 60, 60, 0)))
    dim, lit = (still(name, person, s, 6) for s in (scene, Scene([bright])))
    assert lit.image[:40].mean() > dim.image[:40].mean() + 20


def test_a_mask_needs_a_wearer(person: Shown, scene: Scene) -> None:
    with pytest.raises(ValueError, match="wears"):
        still("mask", person, Scene(scene.frames, person_there=False), 0)


def test_every_piece_of_a_mask_changes_the_part_of_the_face_that_it_is_named_for(
    person: Shown, scene: Scene
) -> None:
    rng = np.random.default_rng(0)
    p = replace(INSTRUMENTS["mask"].draw(rng, "train"), camera=replace(
        INSTRUMENTS["mask"].draw(rng, "train").camera, shot_noise=0.0, dark_noise=0.0
    ))  # fmt: skip
    frames = {
        piece: INSTRUMENTS["mask"]
        .still(person, scene, replace(p, pieces=piece), np.random.default_rng(1))
        .image.astype(int)
        for piece in PIECES
    }
    eyes, mouth = (
        scene.frames[0].points[s].mean(axis=0).astype(int) for s in (slice(36, 48), slice(48, 60))
    )

    def differs(a: str, b: str, at: np.ndarray) -> float:
        x, y = at
        return float(np.abs(frames[a] - frames[b])[y - 4 : y + 5, x - 4 : x + 5].mean())

    assert differs("eyes", "mouth", mouth) > 3
    assert differs("eyes", "nose", eyes) > 3
    assert differs("nose", "cheeks", mouth) < 3
