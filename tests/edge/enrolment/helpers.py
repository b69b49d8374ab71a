"""Commands and answers, as the tests of enrolment use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge import enroll
from edge.cameras import open_camera
from edge.vault import Vault


def run(*words: object) -> int:
    return enroll.main([str(word) for word in words])


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    out: dict[str, Any] = json.loads(capsys.readouterr().out)
    return out


def refused(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    captured = capsys.readouterr()
    assert captured.out == ""
    error: dict[str, Any] = json.loads(captured.err)["error"]
    return error


def names(state: Path) -> list[str]:
    with Vault(state, create=False) as vault:
        return [p.name for p in vault.people()]


def kinds(state: Path) -> list[str]:
    lines = (state / "audit.jsonl").read_text().splitlines()
    return [json.loads(line)["kind"] for line in lines]


def save_frames(film: Path, folder: Path, every: int, count: int, change: Any = None) -> Path:
    folder.mkdir(exist_ok=True)
    with open_camera(str(film)) as camera:
        for i in range(every * count):
            frame = camera.read()
            assert frame is not None
            if i % every == 0:
                image = frame.image if change is None else change(frame.image)
                cv2.imwrite(str(folder / f"{film.stem}-{i:04d}.png"), image)
    return folder
