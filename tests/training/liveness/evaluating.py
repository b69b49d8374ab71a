"""`python -m training.liveness evaluate` as its tests call it, and what they let it read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from training import cli
from training.liveness import __main__ as liveness

LEVELS = {
    "live": [200, 190, 180, 170, 160, 150, 140, 110],
    "print": [20, 40, 60, 80],
    "replay": [60, 120, 150, 170],
}
"""Grey levels of pictures, by label: the scorer of `made_up_scorer` takes 128 and more for live."""


def run(*words: object) -> int:
    return cli.run(lambda: liveness.main(["evaluate", *map(str, words)]))


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data
