"""Judged films: what is drawn and told, and what is left when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from edge import packs
from edge.cameras import Frame, open_camera
from edge.errors import CameraError, OutputError, UsageError
from edge.render.film import FilmWriter
from training import checkpoint
from training.liveness.patches import predict
from training.liveness.patches.__main__ import main
from training.liveness.patches.model import TASK, Design, PatchNet
from training.liveness.patches.scorer import Patched

CLIPS = Path(__file__).resolve().parents[5] / "shared" / "data" / "clips"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = PatchNet(Design(widths=(4, 8)))
    path = tmp_path / "net.ckpt"
    content = {"task": TASK, "description": net.design.plain(), "ema": net.state_dict()}
    checkpoint.save(path, content)
    return path


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    """A film of a wall."""
    path = tmp_path / "wall.mkv"
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(90, 120, (4, 5, 3), np.uint8), (320, 240))
    with FilmWriter(path, 15, (320, 240)) as film:
        for _ in range(8):
            film.write(image)
    return path


def test_where_there_is_no_face_there_is_no_decision(
    network: Path, wall: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "judged.mp4"
    assert main(["predict", str(network), "--film", str(wall), "--out", str(out), "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["frame"] for line in told] == list(range(8))
    nothing = {"box": None, "score": None, "mean": None, "decision": None}
    assert all(line.items() >= nothing.items() for line in told)
    with open_camera(str(out)) as film:
        first = film.read()
        assert first is not None
        assert first.image.shape == (240 + predict.STRIP, 320, 3)
        assert film.fps == pytest.approx(15)


@pytest.mark.shared
def test_a_person_is_judged_frame_by_frame(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not CLIPS.is_dir():
        pytest.skip("no ../shared/data/clips beside the checkout")
    out = tmp_path / "judged.mp4"
    film = CLIPS / "bird.mkv"
    given = ["predict", str(network), "--film", str(film), "--out", str(out), "--smooth", "4"]
    assert main([*given, "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    row: list[float] = []
    for line in told:
        row = [] if line["score"] is None else [*row, line["score"]][-4:]
        assert (line["mean"] is None) == (not row)
        if row:
            assert line["mean"] == pytest.approx(np.mean(row), abs=2e-4)
        wanted = ("live" if line["mean"] >= 0.5 else "attack") if len(row) == 4 else None
        assert line["decision"] == wanted
    assert sum(line["decision"] is not None for line in told) > 10
    patched, pack = Patched([network]), packs.load("default")
    with open_camera(str(film)) as camera:
        frame = camera.read()
    assert frame is not None
    (first,) = predict.judge(iter([frame]), pack, patched, 0.5, 4)
    assert first.score == pytest.approx(told[0]["score"], abs=1e-4)


def test_a_frame_without_a_face_ends_the_row(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise an attacker's good scores would count for whoever comes next."""
    face = np.array([[40, 40, 140, 150]], np.float32)
    seen = iter([True, True, False, True, True, True])
    none = np.zeros((0, 4), np.float32)
    monkeypatch.setattr(predict, "detect", lambda *_: (face if next(seen) else none, None))

    def frames() -> Iterator[Frame]:
        for i in range(6):
            yield Frame(np.full((200, 200, 3), 90, np.uint8), i / 10, i)

    found = list(predict.judge(frames(), packs.load("default"), Patched([network]), 0.5, 2))
    decided = [judged.decision is not None for judged in found]
    assert decided == [False, True, False, False, True, True]


def test_nothing_is_left_of_a_film_that_fails(network: Path, wall: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "judged.mp4"
    out.parent.mkdir()
    given = ["predict", str(network), "--film"]
    (tmp_path / "text.mkv").write_text("no film")
    with pytest.raises(CameraError, match=r"text\.mkv"):
        main([*given, str(tmp_path / "text.mkv"), "--out", str(out)])
    with pytest.raises(UsageError, match="between 0 and 1"):
        main([*given, str(wall), "--out", str(out), "--bound", "2"])
    with pytest.raises(UsageError, match="at least one score"):
        main([*given, str(wall), "--out", str(out), "--smooth", "0"])
    with pytest.raises(OutputError, match="no film format"):
        main([*given, str(wall), "--out", str(out.with_suffix(".txt"))])
    assert list(out.parent.iterdir()) == []


def test_odd_sizes_are_filled_up() -> None:
    image = np.full((61, 81, 3), 90, np.uint8)
    box = np.array([10, 10, 40, 50], np.float32)
    judged = predict.Judged(Frame(image, 0.0, 0), box, 0.7, 0.6, "live")
    drawn = predict.draw(judged, 0.5)
    assert drawn.shape == (62 + predict.STRIP, 82, 3)
    np.testing.assert_array_equal(drawn[predict.STRIP :, :81][20:30, 20:30], image[20:30, 20:30])
