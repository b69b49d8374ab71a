"""From a name to a pack and its pin, and what is refused on the way."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

sys.path.insert(0, str(Path(__file__).parent))
import standins

sys.path.pop(0)

import tomli_w

from edge import packs
from edge.errors import PackError, UsageError
from export.errors import ExportError
from export.zoo import catalogue, pins
from export.zoo.__main__ import main
from export.zoo.fetch import DownloadError
from training.errors import DataError


def test_a_public_network_becomes_a_pack(made: tuple[Path, Path]) -> None:
    pack = packs.load(made[0])
    role = pack.manifest.roles.embedder
    assert pack.manifest.name == "stand-in" and role.licence == "MIT"
    assert role.commercial_use == "allowed"
    assert standins.NETWORK.files[0].sha256 in role.source and "https://example.org" in role.source
    assert role.input == standins.NETWORK.spec
    scores = role.head.scores
    assert scores.same_camera_shift == 0.1 and scores.identities == 40
    assert scores.impostor_pairs == 80 * 79 // 2 - 40
    for name in ("detector", "landmarks"):
        ours, theirs = (f / f"{name}.onnx" for f in (made[0], packs.DEFAULT))
        assert ours.read_bytes() == theirs.read_bytes()


def test_the_report_names_what_it_was_made_of(made: tuple[Path, Path]) -> None:
    data = json.loads((made[1] / "report.json").read_text())
    net = data["networks"]["embedder"]
    assert net["torch_parity"]["what"].startswith("float ONNX against the file as published")
    assert net["int8_errors"]["embedding"]["mean"] <= net["int8_errors"]["embedding"]["bound"]
    assert data["made_of"]["embedder"]["sha256"] == standins.NETWORK.files[0].sha256
    assert net["shipped"] == "int8"
    assert data["accuracy"]["people"] == 40 and 0 <= data["accuracy"]["points"][0]["tar"] <= 1
    assert "against the file as published" in (made[1] / "report.md").read_text()


def test_a_pin_gives_the_same_bytes_without_pictures(
    made: tuple[Path, Path], pinned: None, mirror: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    assert main(["fetch", "stand-in", "--mirror", str(mirror), "--out", str(out)]) == 0
    for path in made[0].iterdir():
        assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    assert [p.name for p in tmp_path.iterdir()] == ["pack"]


def test_pinned_scores_are_not_given_to_another_pack(
    made: tuple[Path, Path], pinned: None, mirror: Path, tmp_path: Path
) -> None:
    """Another base cuts other crops: refused before anything is fetched."""
    base = tmp_path / "base"
    base.mkdir()
    for path in packs.DEFAULT.iterdir():
        (base / path.name).write_bytes(path.read_bytes())
    changed = packs.DEFAULT.joinpath("landmarks.onnx").read_bytes() + b"\x00"
    digest = standins.published(changed, "x").sha256
    (base / "landmarks.onnx").write_bytes(changed)
    text = (base / "manifest.toml").read_text()
    was = packs.read_manifest(packs.DEFAULT).roles.landmarks.sha256
    (base / "manifest.toml").write_text(text.replace(was, digest))
    standins.refused(
        ExportError, "scores .* belong to the landmarks", tmp_path / "pack", "--base", str(base)
    )


def test_a_conversion_that_came_out_otherwise_has_no_scores(
    made: tuple[Path, Path], pinned: None, mirror: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As with another release of the tools: other ranges, other bytes."""
    pin = tomllib.loads((made[1] / "stand-in.toml").read_text())
    network = pin["networks"]["embedder"]
    network["ranges"] = {k: [1.001 * v for v in span] for k, span in network["ranges"].items()}
    pins_folder = tmp_path / "pins"
    pins_folder.mkdir()
    (pins_folder / "stand-in.toml").write_text(tomli_w.dumps(pin))
    monkeypatch.setattr(pins, "FOLDER", pins_folder)
    out = tmp_path / "packs" / "pack"
    out.parent.mkdir()
    standins.refused(
        ExportError, "belong to the embedder .* measure it", out, "--mirror", str(mirror)
    )


def test_another_file_of_the_network_than_the_pinned_is_said(
    pinned: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = standins.data_of(standins.embedder(seed=3))
    (tmp_path / "net.onnx").write_bytes(other)
    entry = standins.entry(standins.network(other))
    monkeypatch.setitem(catalogue.ENTRIES, "stand-in", entry)  # type: ignore[arg-type]
    out = tmp_path / "out" / "pack"
    out.parent.mkdir()
    standins.refused(ExportError, "pinned for embedder is the file", out, "--mirror", str(tmp_path))


@pytest.mark.parametrize("text", ["", "entry = 3", "[", 'entry = "other"'])
def test_a_malformed_pin_is_refused(
    text: str, known: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stand-in.toml").write_text(text)
    monkeypatch.setattr(pins, "FOLDER", tmp_path)
    with pytest.raises(ExportError, match=r"stand-in\.toml"):
        pins.read("stand-in")


# Refusals before anything is fetched ----------------------------------------------------------
def test_scores_of_others_are_never_carried_over(
    known: None, people: Path, mirror: Path, tmp_path: Path
) -> None:
    out, at = tmp_path / "pack", ("--mirror", str(mirror))
    standins.refused(UsageError, "no pinned conversion: give --calibrate", out, *at)
    standins.refused(UsageError, "must not stand in its pack", out, *at, "--calibrate", str(people))
    standins.refused(UsageError, "--int8 needs", out, *at, "--int8", "never")
    standins.refused(
        UsageError, "--pin writes down", out, *at, "--calibrate", str(people), "--pin", "x"
    )


def test_an_occupied_folder_is_refused_before_the_download(pinned: None, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    out.mkdir()
    (out / "mine.txt").touch()
    standins.refused(PackError, "not a pack", out, "--mirror", "http://127.0.0.1:1")


def test_an_altered_mirror_leaves_nothing(pinned: None, tmp_path: Path) -> None:
    folder, out = tmp_path / "mirror", tmp_path / "out" / "pack"
    folder.mkdir()
    out.parent.mkdir()
    (folder / "net.onnx").write_bytes(standins.DATA[:-1] + b"?")
    standins.refused(DownloadError, "SHA-256", out, "--mirror", str(folder))


def test_an_unknown_name_is_answered_with_the_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mobilefacenet-ms1m"):
        main(["fetch", "resnet", "--out", str(tmp_path / "pack")])


def test_data_without_people_is_refused(pinned: None, mirror: Path, tmp_path: Path) -> None:
    grey = tmp_path / "grey" / "Nobody"
    grey.mkdir(parents=True)
    cv2.imwrite(str(grey / "a.png"), np.full((120, 120, 3), 90, np.uint8))
    out = tmp_path / "out" / "pack"
    out.parent.mkdir()
    standins.refused(
        DataError, "fewer than two", out, "--mirror", str(mirror), "--data", str(grey.parent)
    )
