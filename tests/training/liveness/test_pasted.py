"""Pictures laid over views of living people, before the face and beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console

from training.liveness import pasted, samples
from training.liveness.crops import SCALES, SIZE
from training.liveness.dataset import Presentations
from training.liveness.model import Design
from training.liveness.samples import picture
from training.liveness.store import MAP, MARGIN, Store
from training.liveness.task import visible
from training.sampling import Key

Make = Callable[..., Path]
CELLS = SIZE // MAP


@pytest.fixture
def store(make_list: Make, tmp_path: Path) -> Store:
    """Close pictures of a, 0..3, and whole frames of b, 4..7, living; then a print of each.

    Picture 0 is half black and half white.
    """
    close = samples.read(make_list("close", "a", 4))
    wide = samples.read(make_list("wide", "b", 4))
    for sample in wide:
        image = cv2.copyMakeBorder(picture(sample), 300, 300, 300, 300, cv2.BORDER_REFLECT)
        cv2.imwrite(str(sample.picture), image)
    half = picture(close[0])
    middle = round(float(close[0].box[[0, 2]].mean()))
    half[:, :middle], half[:, middle:] = 0, 255
    cv2.imwrite(str(close[0].picture), half)
    moved = [replace(s, box=s.box + 300) for s in wide]
    found = sorted([*close, *moved], key=lambda s: not s.live)
    return Store.of(found, Design().spec, tmp_path / "cache", Console(stderr=True))


def laid(
    store: Store, sheet: pasted.Sheet, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The crops before, with the sheet, the map, and the share beside the sheet."""
    box = store.samples[4].box
    own = store.cut(4, box)
    image, where, free = pasted.lay(own, store, 4, box, sheet, np.random.default_rng(seed))
    assert image.shape == own.shape and where.shape == (CELLS * len(SCALES), CELLS)
    return own, image, where, free


def square(half: float, **rest: float) -> pasted.Sheet:
    """An upright one whose pictured face is the view's."""
    corners = pasted.SQUARE * half
    return pasted.Sheet(0, 0, corners, corners, **rest)


def test_all_crops_show_the_same_sheet(store: Store) -> None:
    _, _, where, free = laid(store, square(0.6))
    for i, scale in enumerate(SCALES):
        share = where[i * CELLS : (i + 1) * CELLS].mean()
        assert share == pytest.approx((1.2 / scale) ** 2, rel=0.06)
    assert free[0] == pytest.approx(1 - (1.2 / SCALES[0]) ** 2, rel=0.06)
    assert free[0] < free[1] < free[2]


def test_a_rim_is_of_the_medium_and_of_its_own_shade(store: Store) -> None:
    _, bare, _, free = laid(store, square(0.5))
    _, image, where, with_rim = laid(store, square(0.5, rim=0.15, shade=200.0))
    assert where[:CELLS].mean() == pytest.approx((1.3 / SCALES[0]) ** 2, rel=0.06)
    np.testing.assert_array_equal(free, with_rim)  # a rim shows that the picture ends
    row = image[SIZE // 2].astype(int)
    at = round(SIZE / 2 - 0.575 * SIZE / SCALES[0])
    assert (row[at] == 200).all() and not (bare[SIZE // 2, at] == 200).all()


def test_a_mat_is_of_the_medium_and_has_its_own_colour(store: Store) -> None:
    _, bare, _, free = laid(store, square(0.5))
    mat = (0.0, 0.15, 0.0, 0.1)
    _, image, where, with_mat = laid(store, square(0.5, mat=mat, tone=(200.0, 100.0, 50.0)))
    assert where[:CELLS].mean() == pytest.approx(1.0 * 1.25 / SCALES[0] ** 2, rel=0.06)
    np.testing.assert_array_equal(free, with_mat)  # as a rim does
    face = SIZE / SCALES[0]
    for down in (-0.57, 0.55):
        middle = round(SIZE / 2 + down * face), SIZE // 2
        assert np.abs(image[middle].astype(int) - (200, 100, 50)).max() <= 2
        assert np.abs(bare[middle].astype(int) - (200, 100, 50)).max() > 10


def test_a_mat_lies_along_a_turned_sheet(store: Store) -> None:
    """Turned by a right angle, what is below the picture comes to lie on the left of the view."""
    quarter = np.array([[0, 1], [-1, 0]], np.float64)
    corners = pasted.SQUARE @ quarter * 0.5
    mat = (0.0, 0.0, 0.0, 0.4)
    _, _, where, _ = laid(store, pasted.Sheet(0, 0, pasted.SQUARE * 0.5, corners, mat=mat))
    shown = where[CELLS : 2 * CELLS]
    cells = (np.arange(CELLS) + 0.5 - CELLS / 2) / CELLS * SCALES[1]  # face sizes
    down, across = (shown.sum(axis=i) @ cells / shown.sum() for i in (1, 0))
    assert down == pytest.approx(0, abs=0.02) and across == pytest.approx(-0.2, abs=0.02)


def test_beyond_the_frame_nothing_is_laid(store: Store) -> None:
    """A close picture ends within the widest crop; there it stays grey, shadow or none."""
    box = store.samples[1].box
    own = store.cut(1, box)
    left, top, right, bottom = pasted.frame(store, 1, box) / SCALES[2] * SIZE + SIZE / 2
    assert 0 < left < right < SIZE and 0 < top < bottom < SIZE
    sheet = pasted.Sheet(0, 0, pasted.SQUARE * 0.6, pasted.SQUARE * 4)
    for seed in range(4):
        image, where, free = pasted.lay(own, store, 1, box, sheet, np.random.default_rng(seed))
        widest = image[2 * SIZE :]
        beyond = np.ones((SIZE, SIZE), np.bool_)
        beyond[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = False
        assert (widest[beyond] == 128).all()
        assert (free == 0).all()
        area = (right - left) * (bottom - top) / SIZE**2
        assert where[2 * CELLS :].mean() == pytest.approx(area, rel=0.06)


def test_the_picture_is_the_others_and_lies_on_the_face(store: Store) -> None:
    """Of picture 0 the face's left half is black and its right half white."""
    for seed in range(5):
        own, image, *_ = laid(store, square(0.69), seed)
        left, right = (slice(4, SIZE // 2 - 2), slice(SIZE // 2 + 2, -4))
        inside = image[4 : SIZE - 4].astype(float)
        assert inside[:, left].max() < inside[:, right].min()
        assert own[:SIZE, left].max() > own[:SIZE, right].min()


def test_beyond_the_sheet_nothing_but_its_shadow_falls(store: Store) -> None:
    shadows = 0
    for seed in range(12):
        own, image, *_ = laid(store, square(0.6), seed)
        far = np.abs(image[2 * SIZE :, :20].astype(int) - own[2 * SIZE :, :20])
        assert far.max() <= 1
        assert (np.abs(image[:SIZE].astype(int) - own[:SIZE]) > 1).any()
        edge = image[SIZE : 2 * SIZE].astype(int)[:, :18] - own[SIZE : 2 * SIZE].astype(int)[:, :18]
        assert edge.max() <= 1  # no light falls there
        shadows += bool((edge < -1).any())
    assert 0 < shadows < 12


def test_a_sheet_beside_leaves_the_face_alone() -> None:
    rng = np.random.default_rng(3)
    angles = np.linspace(0, 2 * np.pi, 60)
    face = np.stack([0.45 * np.cos(angles), 0.55 * np.sin(angles)], axis=1)
    for _ in range(200):
        sheet = pasted.beside(0, pasted.NEAREST, SCALES[0] * MARGIN, rng)
        polygon = sheet.corners.astype(np.float32)
        for x, y in [(0.0, 0.0), *face.tolist()]:
            assert cv2.pointPolygonTest(polygon, (x, y), measureDist=False) < 0


def test_a_sheet_before_the_face_covers_its_middle() -> None:
    rng = np.random.default_rng(3)
    for part in (pasted.NEAREST, pasted.WIDER):
        reach = SCALES[part] * MARGIN
        for _ in range(50):
            sheet = pasted.before(0, part, reach, rng)
            assert np.abs(sheet.area).max() <= reach / 2
            polygon = sheet.corners.astype(np.float32)
            assert cv2.pointPolygonTest(polygon, (0.0, 0.0), measureDist=False) > 0


def test_a_whole_picture_ends_in_sight_and_shows_no_more_than_there_is() -> None:
    rng = np.random.default_rng(3)
    view, picture = np.array([-2.4, -1.5, 2.6, 3.0]), np.array([-3.0, -2.0, 1.2, 4.0])
    ends, matted = [], []
    for _ in range(200):
        sheet = pasted.whole(7, picture, view, rng)
        assert sheet is not None and sheet.part is None
        low, high = sheet.area[0], sheet.area[2]
        assert (low >= picture[:2]).all() and (high <= picture[2:]).all()
        assert (low <= -0.6).all() and (high >= 0.6).all()
        ends.append(np.concatenate([low > view[:2], high < view[2:]]))
        matted.append(np.greater(sheet.mat, 0))
        assert tuple(matted[-1]) in {(0, 0, 0, 0), (0, 1, 0, 1), (1, 0, 1, 0)}
    assert np.all(np.any(ends, axis=1)) and 1.5 < np.sum(ends, axis=1).mean() < 3.5
    assert 0.45 < np.any(matted, axis=1).mean() < 0.75
    assert pasted.whole(7, picture, np.array([-0.4, -2, 2, 2]), rng) is None


def test_a_whole_picture_is_taken_from_each_crop_of_its_own(store: Store) -> None:
    box, theirs = store.samples[4].box, store.samples[5].box
    at = np.array([[-2, -1.5], [2, -1.5], [2, 2], [-2, 2]], np.float64)
    own = store.cut(4, box)
    for seed in range(3):
        sheet = pasted.Sheet(5, None, at, at)
        image, _, _ = pasted.lay(own, store, 4, box, sheet, np.random.default_rng(seed))
        other = store.cut(5, theirs)
        for i in range(2):  # these lie within the sheet
            part = slice(i * SIZE + 6, (i + 1) * SIZE - 6)
            seen, wanted, before = (
                v[part, 6:-6].astype(float).ravel() for v in (image, other, own)
            )
            assert np.corrcoef(seen, wanted)[0, 1] > np.corrcoef(seen, before)[0, 1] + 0.1


def test_of_attacks_some_views_are_pasted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.liveness.dataset.PASTED", 1.0)
    data = Presentations(store, seed=1)
    assert data.full == [4, 5, 6, 7]
    seen = [data[Key(0, 8, repeat)] for repeat in range(30)]
    assert all(int(b.live) == 0 and not b.surface and torch.isnan(b.teacher) for b in seen)
    parts = torch.stack([b.medium for b in seen]).reshape(30, len(SCALES), -1)
    # Where a crop shows no end of the sheet there is nothing to learn from it, and only there.
    endless = torch.isinf(parts).all(dim=2)
    known = torch.where(endless[..., None], 0, parts).mean(dim=2)
    assert torch.isfinite(known).all()
    assert not endless[:, -1].any()
    assert 0 < int(endless.sum()) < endless.numel()
    batch = type(seen[0])(*(torch.stack(column) for column in zip(*seen, strict=True)))
    assert not visible(batch, len(SCALES))[endless].any()


def test_of_the_living_some_have_a_picture_beside_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.liveness.dataset.STREWN", 1.0)
    data = Presentations(store, seed=1)
    seen = [data[Key(0, 4, repeat)] for repeat in range(20)]
    assert all(int(b.live) == 1 for b in seen)
    unknown = torch.stack([torch.isnan(b.medium) for b in seen]).reshape(20, len(SCALES), -1)
    assert unknown.any(dim=2).any(dim=1).sum() >= 15  # the others lie beyond the picture
    monkeypatch.setattr("training.liveness.dataset.STREWN", 0.0)
    assert not torch.isnan(data[Key(0, 4)].medium).all()


def test_without_whole_frames_nothing_is_pasted(
    make_list: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = samples.read(make_list("close", "a", 2))
    store = Store.of(found, Design().spec, tmp_path / "cache", Console(stderr=True))
    plain = Presentations(store, seed=1)[Key(0, 2)]
    monkeypatch.setattr("training.liveness.dataset.PASTED", 1.0)
    data = Presentations(store, seed=1)
    assert not data.full
    assert int(plain.live) == int(data[Key(0, 2)].live) == 0
    assert torch.isnan(data[Key(0, 2)].medium).all()  # as the list knows no maps
