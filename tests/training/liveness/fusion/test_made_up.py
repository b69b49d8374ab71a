"""The made-up set has the form that it should, and the relief is a face's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import OutputError, UsageError
from training.errors import DataError
from training.liveness.fusion.__main__ import main
from training.liveness.fusion.made_up import head, scenes, sensors
from training.liveness.fusion.make_set import LISTS
from training.liveness.sources import casia_surf

from .conftest import points, turned

FacesOf = Callable[[int], tuple[Path, Path]]


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (25, 0), (-15, 20)])
def test_the_relief_is_that_of_the_turned_head(yaw: float, pitch: float) -> None:
    space = (head._SHAPE - head._SHAPE.mean(axis=0)) @ turned(yaw, pitch).T
    at = space[:, :2] * 60 + 160
    depth, mm = head.relief(at, 320, 320)
    assert mm == pytest.approx(head.EYES_MM / 60, rel=1e-6)
    for i in (30, 33, 36, 45, 48, 54, 57):
        x, y = np.rint(at[i]).astype(int)
        around = depth[y - 1 : y + 2, x - 1 : x + 2] - space[i, 2] * head.EYES_MM
        # Where the face turns away from the camera one pixel is some mm.
        assert np.nanmin(np.abs(around)) < 3
    assert np.isnan(depth[0, 0])


def test_points_on_a_line_are_no_face() -> None:
    with pytest.raises(ValueError, match="line"):
        head.relief(np.stack([np.arange(68.0), np.full(68, 5.0)], axis=1), 64, 64)


def flatness(depth: np.ndarray) -> float:
    """Grey levels by which the middle of a depth picture leaves the best plane, at the median."""
    y, x = np.nonzero(depth[40:90, 40:90])
    z = depth[40:90, 40:90][y, x].astype(float)
    plane = np.stack([x, y, np.ones_like(x)], axis=1)
    solved = plane @ np.linalg.lstsq(plane, z, rcond=None)[0]
    return float(np.median(np.abs(z - solved)))


def test_depth_and_infrared_tell_what_colour_hides(face: scenes.Face) -> None:
    rngs = [np.random.default_rng(i) for i in range(8)]
    living = [scenes.live(face, rng) for rng in rngs]
    prints = [scenes.flat(face, rng) for rng in rngs]
    screens = [scenes.screen(face, rng) for rng in rngs]
    assert min(flatness(s.depth) for s in living) > max(flatness(s.depth) for s in prints)
    middle = np.s_[50:90, 50:80]
    dark = max(float(np.median(s.ir[middle])) for s in screens)
    assert dark < min(float(np.median(s.ir[middle])) for s in living)
    bent = scenes.bent(face, np.random.default_rng(1))
    assert flatness(bent.depth) > max(flatness(s.depth) for s in prints)
    for shown in (*living, *prints, *screens, bent):
        assert [v.dtype for v in shown] == [np.uint8] * 3
        assert shown.colour.shape == (128, 128, 3) and shown.ir.shape == (128, 128)


def test_a_screen_adds_the_light_of_its_glass_to_what_it_shows(face: scenes.Face) -> None:
    black = scenes.Face(np.zeros_like(face.colour), face.points)
    rngs = [np.random.default_rng(i) for i in range(8)]
    assert all(scenes.screen(black, rng).colour.mean() > 3 for rng in rngs)
    seen = [scenes.screen(face, np.random.default_rng(i)).colour for i in range(8)]
    away = [float(np.abs(s - face.colour.astype(float)).mean()) for s in seen]
    assert min(away) > 3 and len({round(v, 3) for v in away}) == 8
    grey = scenes.Face(np.full_like(face.colour, 128), face.points)
    lit = [scenes.screen(grey, np.random.default_rng(i)).colour for i in range(8)]
    tints = [float(np.ptp(s.mean(axis=(0, 1)))) for s in lit]
    assert float(np.median(tints)) > 3, "neither display nor room is neutral"


def test_holes_in_a_print_show_a_living_face(face: scenes.Face) -> None:
    shown = scenes.cut(face, np.random.default_rng(3))
    eye = np.rint(face.points[36:42].mean(axis=0)).astype(int)
    np.testing.assert_array_equal(shown.colour[eye[1], eye[0]], face.colour[eye[1], eye[0]])
    cheek = np.rint((face.points[31] + face.points[4]) / 2).astype(int)
    assert (shown.colour[cheek[1], cheek[0]] != face.colour[cheek[1], cheek[0]]).any()


def test_what_no_depth_sensor_reaches_is_zero() -> None:
    relief = np.full((40, 40), np.nan, np.float32)
    relief[10:30, 10:30] = 0
    depth = sensors.depth_picture(relief, np.random.default_rng(0))
    assert (depth[:6] == 0).all() and (depth[15:25, 15:25] > 150).mean() > 0.9


def test_make_set_writes_lists_that_the_reader_takes(tmp_path: Path, pictures: FacesOf) -> None:
    folder, labels = pictures(12)
    words = ["make-set", "--pictures", str(folder), "--labels", str(labels), "--count", "12"]
    assert main([*words, "--out", str(tmp_path / "set")]) == 0
    people: list[set[str]] = []
    for part, name in LISTS.items():
        samples = casia_surf.read(tmp_path / "set" / name)
        assert len(samples) == 8 and sum(s.live for s in samples) == 4, part
        assert {s.label for s in samples} <= {"live", *scenes.ATTACKS}
        assert all(s.simulated != s.live for s in samples)
        for sample in samples:
            shapes = [cv2.imread(str(p)).shape for p in (sample.colour, sample.depth, sample.ir)]
            assert shapes == [(128, 128, 3)] * 3
        people.append({s.person for s in samples})
    assert len(set.union(*people)) == sum(map(len, people))
    assert "Made up" in (tmp_path / "set" / casia_surf.SIMULATED).read_text()
    assert main([*words, "--out", str(tmp_path / "again")]) == 0
    for path in (tmp_path / "set").rglob("*.*"):
        if path.is_file():
            same = tmp_path / "again" / path.relative_to(tmp_path / "set")
            assert same.read_bytes() == path.read_bytes()


def test_make_set_leaves_nothing_half_made(tmp_path: Path, pictures: FacesOf) -> None:
    folder, labels = pictures(6)
    out = tmp_path / "set"
    words = ["make-set", "--pictures", str(folder), "--labels", str(labels), "--out", str(out)]
    with pytest.raises(UsageError, match="--count"):
        main([*words, "--count", "0"])
    with pytest.raises(DataError, match="none of them for"):
        main([*words, "--count", "1"])
    broken = sorted(folder.rglob("*.png"))[0]
    broken.write_bytes(b"no picture")
    with pytest.raises(DataError, match=broken.name):
        main(words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["faces", "faces.csv"]
    out.mkdir()
    with pytest.raises(OutputError, match="there already"):
        main(words)


def test_points_of_the_tests_are_faces() -> None:
    at = points(np.random.default_rng(4))
    depth, _ = head.relief(at, 128, 128)
    assert np.nanmax(depth) - np.nanmin(depth) > 40
