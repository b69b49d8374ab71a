"""A wheel is checked before it is put in place, and before it is used."""

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_configs.cross import targets, wheel
from firmware_configs.cross.targets import TARGETS
from firmware_configs.errors import BuildError

ARM64 = TARGETS["arm64"]
EXTENSION = "native/_native.cpython-311-aarch64-linux-gnu.so"


def elf(machine: int) -> bytes:
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(100)


def made(folder: Path, without: str = "", **more: bytes) -> Path:
    """A wheel as it should be, but for a member left out or further ones."""
    members = {
        "edge/__init__.py": b"",
        "native/__init__.py": b"",
        EXTENSION: elf(ARM64.elf),
        "edge/packs/default/manifest.toml": b"",
        "edge/packs/default/detector.onnx": b"",
    }
    path = folder / "face_gate-1-cp311-cp311-manylinux_2_34_aarch64.whl"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in (members | more).items():
            if name != without:
                file.writestr(name, content)
    return path


def test_a_whole_wheel_passes(tmp_path):
    wheel.check(made(tmp_path), ARM64)


@pytest.mark.parametrize(
    "name",
    [
        "edge/__init__.py",
        "native/__init__.py",
        "edge/packs/default/manifest.toml",
        "edge/packs/default/detector.onnx",
        EXTENSION,
    ],
)
def test_what_is_lacking_is_noticed(tmp_path, name):
    with pytest.raises(BuildError):
        wheel.check(made(tmp_path, without=name), ARM64)


def test_an_extension_of_this_machine_is_noticed(tmp_path):
    with pytest.raises(BuildError, match="is no program of aarch64"):
        wheel.check(made(tmp_path, **{EXTENSION: elf(62)}), ARM64)
    with pytest.raises(BuildError, match="is no program of aarch64"):
        wheel.check(made(tmp_path, **{EXTENSION: b"short"}), ARM64)


def test_a_second_extension_is_noticed(tmp_path):
    with pytest.raises(BuildError, match="need one extension"):
        wheel.check(made(tmp_path, **{"edge/other.so": elf(ARM64.elf)}), ARM64)


def test_a_folder_holds_one_wheel(tmp_path):
    with pytest.raises(BuildError, match="found none"):
        wheel.the_wheel(tmp_path)
    assert wheel.the_wheel(made(tmp_path).parent).name.startswith("face_gate-1")
    (tmp_path / "other.whl").touch()
    with pytest.raises(BuildError, match="need one wheel"):
        wheel.the_wheel(tmp_path)


@pytest.fixture
def finished(tmp_path, monkeypatch) -> wheel.Wheel:
    monkeypatch.setattr(targets, "BUILD", tmp_path)
    path = made(tmp_path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    dist = ARM64.dist / path.name
    dist.parent.mkdir(parents=True)
    (dist.parent / "older.whl").touch()
    one = wheel.Wheel(dist, sha256, "manylinux_2_34_aarch64", "c0", True, "5a", 1, "g++", [], [])
    wheel._put(path, one)
    return one


def test_a_finished_wheel_replaces_the_one_before_and_is_found_again(finished):
    assert wheel.built(ARM64) == finished
    assert sorted(p.name for p in ARM64.dist.iterdir()) == ["build.json", finished.path.name]
    assert json.loads((ARM64.dist / "build.json").read_text())["sha256"] == finished.sha256


def test_a_wheel_that_was_changed_is_not_used(finished):
    finished.path.write_bytes(finished.path.read_bytes() + b"x")
    with pytest.raises(BuildError, match="is not what was built"):
        wheel.built(ARM64)
    finished.path.unlink()
    with pytest.raises(BuildError, match="is not what was built"):
        wheel.built(ARM64)


def test_where_nothing_was_built_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "BUILD", tmp_path)
    with pytest.raises(BuildError, match="make cross ARCH=armhf"):
        wheel.built(replace(ARM64, arch="armhf"))
