"""What `evaluate` does not begin with: words, networks and lists that make no report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import UsageError
from tests.training.liveness.evaluating import LEVELS, run
from training import checkpoint
from training.liveness import evaluate
from training.liveness.model import Design


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--bpcer", "0.01"), 2, "--choose LIST"),
        (("--bpcer", "1.5", "--choose", "LIST"), 2, "a rate"),
        (("--choose", "LIST"), 2, "--bpcer or --apcer"),
        (("--bpcer", "0.01", "--choose", "LIST"), 2, "chosen on what is reported"),
        (("--bound", "2"), 2, "from 0 to 1"),
        (("--bound", "nan"), 2, "from 0 to 1"),
        (("--alike", "1"), 2, "below 1"),
        (("--genuine", "a", "b"), 2, "--match PACK"),
        (("--pictures",), 2, "--report DIR"),
        (("--list", "LIST"), 2, "twice"),
        (("--network", "n=ONNX"), 2, "names two"),
        (("--network", "x=nothing"), 2, "no pack"),
        (("--network", "x"), 2, "NAME=PACK"),
        (("--network", "x=none.ckpt"), 3, "no such checkpoint"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: tuple[str, ...],
    code: int,
    why: str,
    bright: Path,
    grey_list: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = grey_list("test", LEVELS)
    more = [w.replace("LIST", str(path)).replace("ONNX", str(bright)) for w in words]
    assert run("--list", path, "--network", f"n={bright}", *more) == code
    captured = capsys.readouterr()
    assert why in captured.err.replace("\n", " ") and captured.out == ""


def test_a_network_without_a_bound_is_told_before_the_list_is_scored(
    grey_list: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    net = Design().build()
    weights = {f"net.{name}": value for name, value in net.state_dict().items()}
    described = {"task": "liveness", "description": Design().plain(), "position": {}}
    checkpoint.save(tmp_path / "run.ckpt", {**described, "ema": weights})
    monkeypatch.setattr(evaluate, "judge", lambda *_, **__: pytest.fail("it scored the list"))
    words = ("--list", grey_list("test", LEVELS), "--network", f"A={tmp_path / 'run.ckpt'}")
    assert run(*words, "--bound", "own") == UsageError.exit_code
    assert "A states no bound of its own" in capsys.readouterr().err


def test_a_list_without_attacks_or_with_a_missing_picture_is_refused(
    bright: Path, grey_list: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--list", grey_list("live", {"live": [200]}), "--network", f"n={bright}") == 3
    assert "both needed" in capsys.readouterr().err
    path = grey_list("test", LEVELS)
    (path.parent / "print2.png").unlink()
    assert run("--list", path, "--network", f"n={bright}") == 3
    assert "print2.png" in capsys.readouterr().err
