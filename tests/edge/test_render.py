"""What is drawn, checked by its pixels; films by reading them back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import open_camera
from edge.cameras.base import Image
from edge.decide import Decision
from edge.errors import OutputError
from edge.faces.observation import Face, Observation, Pose, Quality
from edge.gallery import Match
from edge.gates import IDENTITY_GATES, LIVENESS_GATES, Gate, frame_gate_names
from edge.outputs import replacing, write_picture
from edge.pipeline import Step
from edge.render import FilmWriter, annotate, contact_sheet, crop, paint
from edge.render.frame import annotated_size, bound, number


def step(
    *, verdict: str | None = None, person: str | None = None, candidate: str = "Ada Lovelace"
) -> Step:
    box = np.array([200, 150, 300, 270], np.float32)
    face = Face(
        box=box,
        landmarks=np.random.default_rng(1).uniform(200, 270, (68, 2)).astype(np.float32),
        pose=Pose(0, 0, 0),
        quality=Quality(120, 0.3, 120, 0, 0.9),
        patch=np.zeros((64, 64), np.float32),
        patch_matrix=np.eye(2, 3),
        eye_aspect=0.3,
        live=0.9,
        embedding=None,
    )
    gates = (Gate("size", 120, 40), Gate("yaw", None if verdict is None else 3.0, -35, 35))
    return Step(
        Observation(1.25, 4, (480, 640), 1, face),
        Decision(1.25, verdict, person, 0.93, gates, 0),  # type: ignore[arg-type]
        Match(candidate, 0.93, None, None, 1.93),
        {},
    )


@pytest.fixture
def picture() -> Image:
    return np.full((480, 640, 3), 90, np.uint8)


@pytest.mark.parametrize(
    ("given", "made"),
    [((640, 480), (640, 586)), ((320, 240), (640, 586)), ((1920, 1080), (1280, 932))],
)
def test_the_annotated_frame_has_the_size_announced(
    given: tuple[int, int], made: tuple[int, int]
) -> None:
    image = np.zeros((given[1], given[0], 3), np.uint8)
    drawn = annotate(image, step(), locked=True)
    assert annotated_size(*given) == made
    assert (drawn.shape[1], drawn.shape[0]) == made
    assert made[0] % 2 == made[1] % 2 == 0


def test_the_picture_given_is_left_as_it_is(picture: Image) -> None:
    before = picture.copy()
    drawn = annotate(picture, step(), locked=True)
    assert np.array_equal(picture, before)
    assert not np.array_equal(drawn[36:516], before)


def test_who_the_face_resembles_shows_only_when_asked_for(picture: Image) -> None:
    a, b = step(candidate="Ada Lovelace"), step(candidate="Bob")
    assert np.array_equal(annotate(picture, a, locked=True), annotate(picture, b, locked=True))
    told = [annotate(picture, s, locked=True, show_candidates=True) for s in (a, b)]
    assert not np.array_equal(*told)


def test_a_granted_name_shows(picture: Image) -> None:
    ada = annotate(picture, step(verdict="grant", person="Ada"), locked=False, opened_for="Ada")
    bob = annotate(picture, step(verdict="grant", person="Bob"), locked=False, opened_for="Bob")
    assert not np.array_equal(ada, bob)


def test_lamps_and_lock_have_the_colours_of_their_state(picture: Image) -> None:
    def has(part: Image, colour: paint.Colour) -> bool:
        return bool((part == np.array(colour, np.uint8)).all(axis=2).any())

    open_ = annotate(picture, step(verdict="grant", person="Ada"), locked=False)
    shut = annotate(picture, step(), locked=True)
    assert has(open_[:36, :40], paint.GREEN) and not has(shut[:36, :40], paint.GREEN)
    footer = shut[516:]
    assert has(footer[:40, :91], paint.GREEN)  # size passed
    assert has(footer[:40, 91:182], paint.UNLIT)  # yaw has no value
    assert not has(footer[:40, 91:182], paint.GREEN)


def test_every_gate_has_its_lamp(picture: Image) -> None:
    """As many as there can be: with a landmark confidence, and all checks of liveness."""
    names = [*frame_gate_names(0.5), *LIVENESS_GATES, *IDENTITY_GATES]
    assert len(names) == 20
    seen = step()
    for last in range(len(names)):
        gates = tuple(Gate(n, 0.2 if i == last else 0.9, 0.5) for i, n in enumerate(names))
        shown = annotate(
            picture, replace(seen, decision=replace(seen.decision, gates=gates)), locked=True
        )
        footer = shown[516:]
        assert (footer == paint.RED).all(axis=2).sum() > 20, names[last]


def test_a_face_that_leaves_the_picture_is_drawn_all_the_same(picture: Image) -> None:
    s = step()
    face = s.observation.face
    assert face is not None
    face.box[:] = [-50, -60, 700, 520]
    face.landmarks[:] += 500
    assert annotate(picture, s, locked=True, show_candidates=True).shape == (586, 640, 3)


def test_without_a_font_of_its_own_opencv_still_writes(
    picture: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paint, "_FACE", None)
    assert paint.ascii_only("Zoë ≥ 12° 李") == "Zoe >= 12 ?"
    blank = np.zeros((30, 200, 3), np.uint8)
    paint.text(blank, "Zoë", (10, 20), 16)
    assert blank.any()
    assert 0 < paint.text_width("ab", 16) < paint.text_width("abab", 16)
    assert annotate(picture, step(), locked=True).shape == (586, 640, 3)


def test_text_is_cut_to_its_room() -> None:
    cut = paint.fit_text("a name that is far too long for its place", 16, 80)
    assert cut.endswith("...") and paint.text_width(cut, 16) <= 80
    assert paint.fit_text("short", 16, 80) == "short"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (3.0, "3"),
        (0.9412, "0.941"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
    ],
)
def test_values_are_short(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(1, 1, "= 1"), (-35, 35, "±35"), (45, 215, "45–215"), (0.5, None, "≥ 0.5"),
     (None, 0.1, "≤ 0.1"), (None, None, "")],
)  # fmt: skip
def test_bounds_are_signs(low: float | None, high: float | None, shown: str) -> None:
    assert bound(Gate("x", 1, low, high)) == shown


def test_a_cut_out_is_centred_on_its_face() -> None:
    for side, size in ((160, 20), (160, 100), (160, 600)):  # enlarged, about as is, reduced
        image = np.zeros((1200, 1600, 3), np.uint8)
        image[400 : 400 + size, 700 : 700 + size] = 255
        box = np.array([700, 400, 700 + size, 400 + size], np.float32) - 0.5
        cut = crop(image, box, side)
        assert cut.shape == (side, side, 3)
        rows, columns = np.nonzero(cut[..., 0] > 127)
        assert rows.mean() == pytest.approx((side - 1) / 2, abs=1)
        assert columns.mean() == pytest.approx((side - 1) / 2, abs=1)
        assert np.ptp(rows) + 1 == pytest.approx(side / 1.7, abs=2)


def test_a_cut_out_over_the_edge_is_dark_there() -> None:
    cut = crop(np.full((100, 100, 3), 255, np.uint8), np.array([-20, -20, 20, 20], np.float32), 80)
    assert tuple(cut[2, 2]) == paint.RULE
    assert tuple(cut[70, 70]) == (255, 255, 255)


def test_a_sheet_has_a_tile_for_each_picture(picture: Image) -> None:
    tiles = [(np.full((480, 640, 3), 40 + 40 * i, np.uint8), f"tile {i}\nsecond") for i in range(5)]
    sheet = contact_sheet(tiles, 3, title="five", width=160)
    assert sheet.shape[1] == 3 * 170 + 10
    for i in range(5):
        y = 34 + 10 + (i // 3) * (120 + 2 * 18 + 6 + 10) + 60
        x = 10 + (i % 3) * 170 + 80
        assert int(sheet[y, x, 0]) == 40 + 40 * i
    with pytest.raises(ValueError, match="a picture"):
        contact_sheet([], 3)


def test_a_film_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with FilmWriter(path, 25, (64, 48)) as film:
        for i in range(10):
            film.write(np.full((48, 64, 3), 20 * i, np.uint8))
        with pytest.raises(ValueError, match="does not fit"):
            film.write(np.zeros((64, 48, 3), np.uint8))
    with open_camera(str(path)) as camera:
        got = []
        while (frame := camera.read()) is not None:
            got.append(float(frame.image.mean()))
        assert camera.fps == 25
    assert got == pytest.approx([20 * i for i in range(10)], abs=4)


def test_a_film_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no film format"):
        FilmWriter(tmp_path / "film.txt", 25, (64, 48))
    with pytest.raises(OutputError, match="folder is missing"):
        FilmWriter(tmp_path / "nowhere" / "film.mp4", 25, (64, 48))
    for fps, size in ((0.0, (64, 48)), (float("nan"), (64, 48)), (25, (63, 48))):
        with pytest.raises(ValueError, match="film"):
            FilmWriter(tmp_path / "film.mp4", fps, size)


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), replacing(path) as beside:
        beside.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    with replacing(path) as beside:
        beside.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_said(tmp_path: Path, picture: Image) -> None:
    with pytest.raises(OutputError, match=r"no picture format"):
        write_picture(tmp_path / "a.xyz", picture)
    with pytest.raises(OutputError, match=r"cannot be written"):
        write_picture(tmp_path / "nowhere" / "a.png", picture)
    with pytest.raises(OutputError, match=r"is a folder"), replacing(tmp_path):
        pass
    write_picture(tmp_path / "a.png", picture)
    assert np.array_equal(cv2.imread(str(tmp_path / "a.png")), picture)
