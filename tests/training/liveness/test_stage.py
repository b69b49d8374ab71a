"""People put before a door's camera."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import packs
from edge.faces.detect import detect
from training import cli, labels
from training.detector.geometry import iou
from training.liveness import __main__ as liveness
from training.liveness import people, samples
from training.liveness.attacks import Shown
from training.liveness.rooms import plain_wall, room
from training.liveness.staged import FRAME, can_stage, staged


def run(*words: object) -> int:
    return cli.run(lambda: liveness.main([*map(str, words)]))


@pytest.fixture(scope="module")
def pictures(faces: Path) -> list[Shown]:
    of = people.stills(faces / "faces", faces / "labels.csv", held_back=False)
    return [of.read(of.by_person[name][0]) for name in of.people]


@pytest.fixture(scope="module")
def frames(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("staged") / "out"
    given = ["--set", faces / "faces", faces / "labels.csv", "--training", "--out", out]
    assert run("stage", *given, "--count", 12, "--workers", 2) == 0
    return out


def test_the_face_is_the_pictures_and_lies_where_it_is_said_to(pictures: list[Shown]) -> None:
    for seed, picture in enumerate(pictures[:6]):
        wall = np.full((*FRAME, 3), 40 + 20 * seed, np.uint8)
        frame = staged(picture, wall, np.random.default_rng(seed))
        assert frame.image.shape == (*FRAME, 3) and frame.person == picture.person
        scale = frame.face_width / picture.face_width
        moved = frame.points - picture.points * scale
        assert np.ptp(moved, axis=0) == pytest.approx([0, 0], abs=1e-2)
        x1, y1, x2, y2 = (round(float(v)) for v in frame.box)
        assert x1 >= 0 and x2 < FRAME[1] and y2 < FRAME[0]
        had = picture.image[
            slice(*picture.box[1::2].astype(int)), slice(*picture.box[::2].astype(int))
        ]
        shown = cv2.resize(frame.image[max(y1, 0) : y2, x1:x2], (40, 40)).astype(float)
        was = cv2.resize(had[int(-min(y1, 0) / scale) :], (40, 40)).astype(float)
        middle = slice(12, 30)
        assert np.corrcoef(shown[middle, middle].ravel(), was[middle, middle].ravel())[0, 1] > 0.9


def test_a_frame_follows_from_its_seed(pictures: list[Shown]) -> None:
    wall = np.full((*FRAME, 3), 90, np.uint8)
    one, same, other = (staged(pictures[0], wall, np.random.default_rng(s)) for s in (3, 3, 4))
    assert np.array_equal(one.image, same.image) and np.array_equal(one.box, same.box)
    assert not np.array_equal(one.image, other.image)


def test_in_the_rooms_light_a_face_follows_the_wall_and_its_shadows_are_veiled(
    pictures: list[Shown],
) -> None:
    def seen(level: int, lit: bool) -> np.ndarray:
        wall = np.full((*FRAME, 3), level, np.uint8)
        frame = staged(pictures[0], wall, np.random.default_rng(1), lit=lit)
        x, y = frame.points[27:36].mean(axis=0).astype(int)  # the nose: nothing of the wall
        half = int(frame.face_width * 0.2)
        return frame.image[y - half : y + half, x - half : x + half].astype(float)

    dark, bright = seen(60, True), seen(190, True)
    assert np.median(bright) > np.median(dark) + 20
    assert np.percentile(bright, 1) > np.percentile(seen(190, False), 1)
    # Without, the photograph's light stays.
    assert np.array_equal(seen(60, False), seen(190, False))


def test_plain_walls_are_pale_and_even() -> None:
    walls = [plain_wall(np.random.default_rng(seed), 160, 120).astype(float) for seed in range(20)]
    assert all(w.mean() > 90 for w in walls)
    steps = [float(np.abs(np.diff(w.mean(axis=2), axis=1)).max()) for w in walls]
    assert max(steps) < 6


def test_what_shows_no_shoulders_is_not_staged(pictures: list[Shown]) -> None:
    picture = pictures[0]
    assert can_stage(picture)
    x1, y1, x2, y2 = (int(v) for v in picture.box)
    close = Shown(picture.image[y1 - 5 : y2 + 5, x1 - 5 : x2 + 5], picture.box, picture.points)
    assert not can_stage(close)


def test_rooms_differ_and_hold_straight_edges() -> None:
    rooms = [room(np.random.default_rng(seed), 160, 120) for seed in range(20)]
    assert {r.shape for r in rooms} == {(120, 160, 3)}
    assert len({r.tobytes() for r in rooms}) == len(rooms)
    edges = [float(np.abs(np.diff(r.astype(float).mean(axis=2), axis=1)).max()) for r in rooms]
    assert sum(e > 20 for e in edges) > 8


def test_the_detector_finds_who_was_staged(frames: Path) -> None:
    pack = packs.load("default")
    labelled = labels.read(frames / "labels.csv")
    assert len(labelled) == 12
    found = 0
    for name, (face,) in labelled.items():
        image = cv2.imread(str(frames / name))
        assert image is not None and image.shape == (*FRAME, 3)
        boxes, _ = detect(pack, image)
        found += bool(len(boxes) and iou(boxes, face.box[None]).max() > 0.5)
    assert found >= 10


def test_as_many_walls_are_plain_as_told(faces: Path, frames: Path, tmp_path: Path) -> None:
    """All at 1, and at 0 the frames are those without the option."""
    for share in (0, 1):
        out = tmp_path / str(share)
        given = ["--set", faces / "faces", faces / "labels.csv", "--training", "--out", out]
        assert run("stage", *given, "--count", 4, "--plain", share) == 0
        for name in labels.read(out / "labels.csv"):
            image = cv2.imread(str(out / name))
            assert image is not None
            if share:
                corner = image[:40, :40].reshape(-1, 3)
                assert corner.mean() > 80 and corner.std(axis=0).max() < 12
            else:
                assert (out / name).read_bytes() == (frames / name).read_bytes()


def test_staged_frames_are_scenes_of_a_door(frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--training", "--door", "--range", "train", "--staged", frames, frames / "labels.csv"]
    words += ["--live", 6, "--attacks", 3, "--instruments", "print", "monitor", "--out", out]
    assert run("generate", *words) == 0
    found = samples.read(out / "list.csv")
    assert {s.label for s in found} == {"live", "print", "monitor"}
    assert all(samples.picture(s).shape == (*FRAME, 3) for s in found)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--count", 0], "above 0"),
        (["--plain", 2], "0 to 1"),
        (["--set", "x"], "PICTURES LABELS"),
        (["--out", "."], "is there already"),
    ],
)
def test_wrong_arguments_are_told(
    faces: Path,
    tmp_path: Path,
    words: list[object],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "full").write_text("")
    monkeypatch.chdir(tmp_path)
    given = ["--training", "--out", tmp_path / "out", *words]
    if "--set" not in words:
        given = ["--set", faces / "faces", faces / "labels.csv", *given]
    assert run("stage", *given) != 0
    assert told in capsys.readouterr().err
    assert {p.name for p in tmp_path.iterdir()} == {"full"}
