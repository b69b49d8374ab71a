"""A teacher is asked once, and listened to only where it is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console

from tests.training.liveness import made_up_scorer
from training.liveness import samples, teacher
from training.liveness.__main__ import main
from training.liveness.dataset import Batch
from training.liveness.task import taught

QUIET = Console(quiet=True)


def test_scores_are_kept_and_belong_to_their_pictures(
    make_list: Callable[..., Path], tmp_path: Path
) -> None:
    file = made_up_scorer.write(tmp_path / "bright_2.7_80x80.onnx")
    found = samples.read(make_list("some", "ab", 4))
    cv2.imwrite(str(found[0].picture), np.full((180, 240, 3), 144, np.uint8))
    said = teacher.scores([file], found, tmp_path / "said.npy", QUIET)
    assert said[0] == pytest.approx(made_up_scorer.score(144), abs=1e-3)
    for sample in found:
        sample.picture.unlink()
    kept = teacher.scores([file], found, tmp_path / "said.npy", QUIET)
    np.testing.assert_array_equal(kept, said)
    with pytest.raises(Exception, match="not a picture"):
        teacher.scores([file], found[1:], tmp_path / "said.npy", QUIET)


def test_where_the_teacher_errs_the_label_stands_alone() -> None:
    logits = torch.tensor([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    image = torch.zeros(3, 3, 2, 2, dtype=torch.uint8)
    live = torch.tensor([1, 0, 1])
    medium = torch.zeros(3, 1, 1)
    surface = torch.zeros(3, dtype=torch.bool)
    right = Batch(image, live, torch.tensor([0.8, 0.9, torch.nan]), medium, surface)
    margin = torch.tensor(1.0)
    p = torch.sigmoid(margin)
    wanted = -(0.8 * p.log() + 0.2 * (1 - p).log())
    assert taught(logits, right) == pytest.approx(float(wanted), abs=1e-6)
    wrong = Batch(image, live, torch.tensor([0.2, 0.9, 0.1]), medium, surface)
    assert taught(logits, wrong) == 0


def test_a_training_with_a_teacher_reports_its_part(
    make_list: Callable[..., Path], tmp_path: Path
) -> None:
    file = made_up_scorer.write(tmp_path / "bright_2.7_80x80.onnx")
    train, held = make_list("train", "ab", 8), make_list("held", "cd", 4)
    out = tmp_path / "run"
    given = ["--list", str(train), "--held", str(held), "--teacher", str(file), "--out", str(out)]
    assert main(["train", *given, "--epochs", "1", "--batch", "8", "--workers", "0"]) == 0
    assert "taught" in (out / "metrics.csv").read_text()
