"""Errors by how an attack was made: which of the recorded parameters matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.liveness.evaluating import run, told
from training.liveness.reports import slices


def test_slices_cut_numbers_into_thirds_and_words_as_they_are() -> None:
    thirds = slices.cut([float(v) for v in range(90)])
    assert [int(v.sum()) for v in thirds.values()] == [30, 30, 30]
    assert list(slices.cut(["a", "b", "a"])) == ["a", "b"]
    assert slices.cut([1.0, 1.0]) == {}
    given = {"a": 1, "b": {"c": "x", "d": [1, 2]}, "e": True}
    assert dict(slices.flat(given)) == {"a": 1.0, "b.c": "x", "e": "True"}


def test_a_parameter_that_matters_is_found_and_small_slices_are_not_shown(
    bright: Path, grey_list: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    levels = {"live": [200, 90], "print": list(range(60, 150)), "mask": [40] * 20}
    path = grey_list("test", levels)
    assert run("--list", path, "--network", f"n={bright}", "--json") == 0
    (tone,) = told(capsys)["slices"]  # all prints are of one ink, masks are too few
    assert (tone["label"], tone["parameter"]) == ("print", "tone")
    assert [s["errors"]["n"]["count"] for s in tone["slices"]] == [0, 0, 21]
    assert all(s["errors"]["n"]["trials"] == 30 for s in tone["slices"])
    assert tone["depends"] == {"n": True}
    assert run("--list", path, "--network", f"n={bright}", "--bound", 0, "--json") == 0
    assert told(capsys)["slices"][0]["depends"] == {"n": False}  # all pass
