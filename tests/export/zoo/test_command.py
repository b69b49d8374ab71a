"""`python -m export.zoo`: licences, the list, and networks that become files."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

sys.path.insert(0, str(Path(__file__).parent))
import standins

sys.path.pop(0)


from edge import packs
from edge.errors import UsageError
from export.zoo import catalogue, pins
from export.zoo.__main__ import LicenceNotAcceptedError, main

# Licences -----------------------------------------------------------------------------------
ASKING = replace(
    standins.ENTRY,
    asks=True,
    licence="for non-commercial research only",
    commercial_use="forbidden",
)


@pytest.fixture
def asking(pinned: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue.ENTRIES, "stand-in", ASKING)  # type: ignore[arg-type]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as standard input; what is written to it, somebody has typed."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        yield ours
    os.close(ours)


def test_a_licence_that_asks_is_refused_where_nobody_can_answer(
    asking: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with open(os.devnull) as nothing:  # noqa: PTH123  a file without a terminal
        monkeypatch.setattr(sys, "stdin", nothing)
        standins.refused(LicenceNotAcceptedError, "--accept-licence", tmp_path / "pack")
    assert "non-commercial" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["no", "y", "", "yes please"])
def test_anything_but_yes_is_no(asking: None, typed: int, answer: str, tmp_path: Path) -> None:
    os.write(typed, f"{answer}\n".encode())
    standins.refused(LicenceNotAcceptedError, "nothing was fetched", tmp_path / "pack")


def test_yes_makes_a_pack_that_says_what_it_may_not(
    asking: None, typed: int, mirror: Path, tmp_path: Path
) -> None:
    os.write(typed, b"yes\n")
    out = tmp_path / "pack"
    assert main(["fetch", "stand-in", "--mirror", str(mirror), "--out", str(out)]) == 0
    assert packs.read_manifest(out).roles.embedder.forbids_commerce


def test_a_program_accepts_with_an_option(
    asking: None, mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--mirror", str(mirror), "--accept-licence", "--json"]
    assert main(["fetch", "stand-in", *words, "--out", str(tmp_path / "pack")]) == 0
    assert json.loads(capsys.readouterr().out)["commercial_use"] == "forbidden"


# Files ----------------------------------------------------------------------------------------
@pytest.fixture
def file_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(  # type: ignore[misc]
        catalogue.ENTRIES, "stand-in", replace(standins.ENTRY, makes="file")
    )


def test_what_a_pack_cannot_hold_becomes_a_file(
    file_entry: None, mirror: Path, tmp_path: Path
) -> None:
    import onnx

    out = tmp_path / "net.onnx"
    assert main(["fetch", "stand-in", "--mirror", str(mirror), "--out", str(out)]) == 0
    model = onnx.load(out)
    about = {p.key: p.value for p in model.metadata_props}
    assert about["licence"] == "MIT" and json.loads(about["input"])["colour"] == "rgb"
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
    standins.refused(UsageError, "--force", out, "--mirror", str(mirror))


def test_a_file_is_not_measured_or_put_into_a_folder(
    file_entry: None, mirror: Path, people: Path, tmp_path: Path
) -> None:
    at = ("--mirror", str(mirror))
    standins.refused(UsageError, r"\.onnx", tmp_path / "folder", *at)
    standins.refused(UsageError, "no --data", tmp_path / "a.onnx", *at, "--data", str(people))


# list -----------------------------------------------------------------------------------------
def test_the_list_says_what_is_known_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {"mobilefacenet-ms1m", "opencv-zoo", "minifasnet-v2", "buffalo-s"} <= set(rows)
    assert rows["buffalo-s"]["commercial_use"] == "forbidden" and rows["buffalo-s"]["asks"]
    assert rows["minifasnet-v2"]["makes"] == "file"
    known = rows["mobilefacenet-ms1m"]
    assert known["pinned"] and known["accuracy"]["impostor_pairs"] > 10**7
    assert rows["opencv-zoo"]["needs"] == "--calibrate and --data"


def test_the_list_is_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "buffalo-s" in said and "non-commercial" in said and "127.6 MB" in said
    assert "at FAR 1e-05" in said


def test_every_pin_is_of_an_entry_and_of_the_default_pack() -> None:
    """A new default pack needs new pins: python -m export.zoo fetch ... --pin."""
    roles = packs.read_manifest(packs.DEFAULT).roles
    found = list(pins.FOLDER.glob("*.toml"))
    assert found
    for path in found:
        entry, pin = catalogue.entry(path.stem), pins.read(path.stem)
        assert pin is not None and pin.scores is not None
        sources = {file.member_sha256 or file.sha256 for n in entry.networks for file in n.files}
        assert {n.source for n in pin.networks.values()} <= sources
        for role in pins.CUTTERS:
            of = pin.networks[role].sha256 if role in pin.networks else getattr(roles, role).sha256
            assert pin.files[role] == of, (path.name, role)
