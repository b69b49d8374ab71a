"""A student learns from its teacher, goes on exactly where it was killed, and is exported."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from edge.errors import UsageError
from training import checkpoint, cli, loop
from training.errors import CheckpointError, DataError
from training.plan import Plan
from training.recognition import distill, faces, teacher
from training.recognition.faces import DistilledFaces, Views
from training.recognition.model import Design
from training.sampling import Key

sys.path.insert(0, str(Path(__file__).parent))
import made_up

sys.path.pop(0)

SMALL = Design("mobilefacenet", 128, "imagenet", {"norm": True, "width": 0.25})


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return made_up.people(tmp_path_factory.mktemp("people"), count=16)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.teacher(tmp_path_factory.mktemp("teacher") / "teacher.onnx")[0]


def task(people: tuple[Path, Path], asked: Path, kept: Path) -> distill.DistillTask:
    training, held = (faces.load(*people, validation=side) for side in (False, True))
    ask = teacher.Teacher(asked, "imagenet")
    console = Console(quiet=True)
    targets = [
        teacher.targets(ask, part, kept / f"{i}.npz", console)
        for i, part in enumerate((training, held))
    ]
    torch.manual_seed(1)
    train = DistilledFaces(training, targets[0], Views(), seed=5)
    return distill.DistillTask(SMALL, SMALL.build(), train, held, targets[1])


def plan(out: Path, epochs: int) -> Plan:
    return Plan(out=out, epochs=epochs, batch=12, lr=3e-3, ema=0.9, workers=0)


def test_the_cosine_rises(people: tuple[Path, Path], asked: Path, tmp_path: Path) -> None:
    learning = task(people, asked, tmp_path)
    before = learning.validate(learning.module)["cosine"]
    result = loop.fit(learning, plan(tmp_path / "run", 5), quiet=True)
    assert result.best_score > before + 0.2


def test_a_resumed_run_ends_with_the_same_weights(
    people: tuple[Path, Path], asked: Path, tmp_path: Path
) -> None:
    def weights(out: Path) -> dict[str, torch.Tensor]:
        return checkpoint.read(out / "last.ckpt")["module"]

    loop.fit(task(people, asked, tmp_path), plan(tmp_path / "whole", 3), quiet=True)

    class Killed(Exception):
        pass

    class Stopping(distill.DistillTask):
        calls = 0

        def validate(self, module: torch.nn.Module) -> dict[str, float]:
            Stopping.calls += 1
            if Stopping.calls == 2:
                raise Killed
            return super().validate(module)

    stopping = task(people, asked, tmp_path)
    stopping.__class__ = Stopping
    with pytest.raises(Killed):
        loop.fit(stopping, plan(tmp_path / "parts", 3), quiet=True)
    loop.fit(task(people, asked, tmp_path), plan(tmp_path / "parts", 3), resume=True, quiet=True)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    for name, value in whole.items():
        assert torch.equal(value, parts[name]), name


def test_views_follow_from_their_key(people: tuple[Path, Path]) -> None:
    training = faces.load(*people, validation=False)
    targets = np.eye(128, dtype=np.float32)[np.zeros(len(training), int)]
    data = DistilledFaces(training, targets, Views(), seed=2)
    one, again, later = (data[Key(e, 3)].image for e in (0, 0, 1))
    assert one.shape == (3, 112, 112) and one.dtype == torch.uint8
    assert torch.equal(one, again) and not torch.equal(one, later)
    assert not torch.equal(one, data[Key(0, 3, repeat=1)].image)


def test_nobody_is_on_both_sides(people: tuple[Path, Path]) -> None:
    sides = [{f.identity for f in faces.load(*people, validation=s)} for s in (False, True, None)]
    assert not sides[0] & sides[1] and sides[0] | sides[1] == sides[2]


def test_the_teacher_sees_both_mirror_images(asked: Path, people: tuple[Path, Path]) -> None:
    ask = teacher.Teacher(asked, "imagenet")
    crop = faces.load(*people, validation=None)[0].crop()
    said = ask.embed(crop)
    assert said.shape == (128,) and np.linalg.norm(said) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(said, ask.embed(crop[:, ::-1]), atol=1e-5)


def test_targets_are_kept_and_made_anew_for_others(
    asked: Path, people: tuple[Path, Path], tmp_path: Path
) -> None:
    found = faces.load(*people, validation=None)[:5]
    ask, kept, quiet = teacher.Teacher(asked, "imagenet"), tmp_path / "t.npz", Console(quiet=True)
    first = teacher.targets(ask, found, kept, quiet)
    written = kept.stat().st_mtime_ns
    assert np.array_equal(first, teacher.targets(ask, found, kept, quiet))
    assert kept.stat().st_mtime_ns == written
    fewer = teacher.targets(ask, found[1:], kept, quiet)
    np.testing.assert_array_equal(fewer, first[1:])
    assert kept.stat().st_mtime_ns > written
    kept.write_bytes(b"no archive")
    with pytest.raises(DataError, match="not a file of embeddings"):
        teacher.targets(ask, found, kept, quiet)


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    distill.add_arguments(parser)
    return distill.run(parser.parse_args(words))


def test_the_command_starts_from_the_teacher(
    people: tuple[Path, Path], asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data = ["--set", *map(str, people), "--teacher", str(asked), "--out", str(tmp_path / "run")]
    words = [*data, "--start", "teacher", "--fake-quantise", "--epochs", "1", "--batch", "12"]
    assert command(*words, "--lr", "1e-5", "--workers", "0") == 0
    description, weights = checkpoint.load(tmp_path / "run" / "best.ckpt")
    design = Design.of(description)
    assert design.scale == "imagenet" and design.options == {"norm": False}
    design.build().load_state_dict(weights)
    clean = float(capsys.readouterr().err.split("clean ")[1].split()[0])
    assert clean > 0.9, "it begins as its teacher, but for rounding and the mirror image"


@pytest.mark.parametrize(
    ("words", "error", "what"),
    [
        (["--covered", "2"], UsageError, "--covered is a share"),
        (["--start", "teacher", "--backbone", "ir50"], UsageError, "--backbone mobilefacenet"),
        (["--start", "no.ckpt"], CheckpointError, "no.ckpt"),
        (["--teacher", "no.onnx"], DataError, "no.onnx"),
    ],
)
def test_wrong_input_is_an_error_not_a_guess(
    people: tuple[Path, Path],
    asked: Path,
    tmp_path: Path,
    words: list[str],
    error: type[Exception],
    what: str,
) -> None:
    data = ["--set", *map(str, people), "--teacher", str(asked), "--out", str(tmp_path / "run")]
    with pytest.raises(error, match=what):
        command(*data, *words)


def test_errors_become_exit_codes(tmp_path: Path) -> None:
    words = ["--set", str(tmp_path), "no.csv", "--teacher", "t.onnx", "--out", str(tmp_path / "r")]
    assert cli.run(lambda: command(*words)) == 3
