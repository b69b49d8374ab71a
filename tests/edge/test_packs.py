"""A pack is what its manifest says, or it is refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge import packs
from edge.errors import (
    BackendUnavailable,
    HashMismatch,
    ManifestError,
    MissingRole,
    UndemonstratedTarget,
    UnknownRole,
)
from edge.packs.scores import threshold


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(packs.DEFAULT, folder)
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "manifest.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_pack_loads_and_is_small_enough() -> None:
    pack = packs.load()
    assert pack.manifest.roles.embedder.head.length == 128
    assert sum(f.stat().st_size for f in packs.DEFAULT.iterdir()) < 12e6


def test_a_changed_model_is_refused(copy: Path) -> None:
    path = copy / "embedder.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(HashMismatch, match=r"embedder\.onnx"):
        packs.load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "detector.onnx").unlink()
    with pytest.raises(ManifestError, match=r"detector\.onnx"):
        packs.load(copy)


def test_an_unknown_role_is_named(copy: Path) -> None:
    with (copy / "manifest.toml").open("a") as file:
        file.write('\n[roles.mood]\nfile = "mood.onnx"\n')
    with pytest.raises(UnknownRole, match="mood"):
        packs.load(copy)


def test_a_missing_role_is_named(copy: Path) -> None:
    path = copy / "manifest.toml"
    text = path.read_text()
    path.write_text(text[: text.index("[roles.liveness]")])  # it stands last
    with pytest.raises(MissingRole, match="liveness"):
        packs.load(copy)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("width = 112", "width = 4", "roles.landmarks"),
        ('colour = "rgb"', 'color = "rgb"', "color"),
        ("schema_version = 1", "schema_version = 2", "schema_version"),
        ("schema_version = 1", "schema_version = ", "line"),
    ],
)
def test_a_wrong_manifest_says_where(copy: Path, old: str, new: str, said: str) -> None:
    edit(copy, old, new)
    with pytest.raises(ManifestError, match=said):
        packs.load(copy)


def test_an_absent_provider_is_not_replaced() -> None:
    with pytest.raises(BackendUnavailable, match="CUDAExecutionProvider"):
        packs.load(provider="CUDAExecutionProvider")


def test_bounds_rise_with_rarer_targets_and_are_never_extrapolated() -> None:
    scores = packs.load().manifest.roles.embedder.head.scores
    rates = [p.fmr for p in scores.curve]
    bounds = [threshold(scores, rate) for rate in rates]
    assert bounds == sorted(bounds)
    assert bounds[-1] == pytest.approx(scores.curve[-1].score + scores.same_camera_shift)
    between = threshold(scores, (rates[3] * rates[4]) ** 0.5)
    assert bounds[3] < between < bounds[4]
    with pytest.raises(UndemonstratedTarget, match="not demonstrated"):
        threshold(scores, rates[-1] / 2)
