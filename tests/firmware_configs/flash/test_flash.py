"""`python -m firmware_configs.flash`: plain files, and loop devices where there are any."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_configs.flash import blocks, disk, write
from firmware_configs.flash.__main__ import main
from firmware_configs.flash.errors import FlashFailed

MIB = 1 << 20
SIZE = 6 * MIB


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image with holes between what it holds, and its map."""
    if shutil.which("bmaptool") is None:
        pytest.skip("bmaptool is not installed: apt-get install bmap-tools")
    path = tmp_path_factory.mktemp("image") / "face-gate-test.img"
    bmap = path.with_suffix(".bmap")
    with path.open("wb") as file:
        file.truncate(SIZE)
        for at in (0, 2 * MIB, 5 * MIB):
            file.seek(at)
            file.write(os.urandom(MIB // 2))
    subprocess.run(["bmaptool", "create", "-o", str(bmap), path], check=True, capture_output=True)
    return path


def test_a_file_is_made(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "card.img"
    assert main([str(image), str(target)]) == 0
    assert target.read_bytes() == image.read_bytes()
    said = capsys.readouterr()
    assert "verified" in said.out
    assert "writing" in said.err
    assert "verifying" in said.err


def test_a_file_is_replaced_only_if_that_is_confirmed(
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / "card.img"
    target.write_bytes(b"precious")
    assert main([str(image), str(target)]) == 2
    assert "say --yes" in capsys.readouterr().err

    class Terminal:
        typed = "\n"

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.typed

    monkeypatch.setattr("sys.stdin", Terminal())
    assert main([str(image), str(target)]) == 14
    assert target.read_bytes() == b"precious"
    Terminal.typed = "y\n"
    assert main([str(image), str(target)]) == 0
    assert target.read_bytes() == image.read_bytes()
    capsys.readouterr()
    assert main([str(image), str(target), "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is True


def test_an_image_that_differs_from_its_map_is_refused(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "spoilt.img"
    shutil.copy(image, spoilt)
    shutil.copy(image.with_suffix(".bmap"), f"{spoilt}.bmap")
    with spoilt.open("r+b") as file:
        file.seek(2 * MIB + 77)
        file.write(b"\0\1\2\3")
    target = tmp_path / "card.img"
    assert main([str(spoilt), str(target)]) == 15
    assert "checksum mismatch" in capsys.readouterr().err
    assert not target.exists()
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "bmaptool create -o"),
        ("<bmap>", "not a block map"),
        ("<bmap/>", "not a block map"),
        ("<bmap><ImageSize>1</ImageSize><BlockSize>4096</BlockSize></bmap>", "image of 1 bytes"),
    ],
)
def test_a_map_that_is_not_this_images_is_refused(
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    said: str,
) -> None:
    own = tmp_path / "own.img"
    shutil.copy(image, own)
    if text is not None:
        own.with_suffix(".bmap").write_text(text)
    assert main([str(own), str(tmp_path / "card.img")]) == 15
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "card.img").exists()


def test_what_cannot_be_a_target_is_refused(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(image), str(image), "--yes"]) == 14
    assert "is the image itself" in capsys.readouterr().err
    assert main([str(image), "/dev/null", "--yes"]) == 14
    assert main([str(image), str(tmp_path), "--yes"]) == 14
    assert main([str(tmp_path / "none.img"), str(tmp_path / "x"), "--yes"]) == 2
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_medium_that_forgets_is_found(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = write._copy

    def forgets(image: Path, bmap: Path, about: blocks.Map, target: Path, step: write.Step) -> None:
        real(image, bmap, about, target, step)
        with target.open("r+b") as file:
            file.seek(3 * MIB)  # in a hole, where the map has no checksum
            file.write(b"x")

    monkeypatch.setattr(write, "_copy", forgets)
    assert main([str(image), str(tmp_path / "card.img")]) == 15
    assert "reads back differently near byte" in capsys.readouterr().err
    assert not (tmp_path / "card.img").exists()


def test_without_bmaptool_it_is_said(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("firmware_configs.image.tools.SBIN", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([str(image), str(tmp_path / "card.img")]) == 69
    assert "apt-get install bmap-tools" in capsys.readouterr().err


def test_the_gaps_of_a_map(image: Path) -> None:
    about = blocks.read(image.with_suffix(".bmap"), image)
    half = MIB // 2
    assert about.gaps == (
        blocks.Gap(half, 2 * MIB - half),
        blocks.Gap(2 * MIB + half, 3 * MIB - half),
        blocks.Gap(5 * MIB + half, half),
    )
    assert about.mapped == 3 * half


# A real block device --------------------------------------------------------------------------
@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """A loop device full of what was there before."""
    backing = tmp_path / "backing"
    backing.write_bytes(b"\xee" * (SIZE + MIB))
    program = shutil.which("losetup", path="/sbin:/usr/sbin:/bin:/usr/bin")
    if os.geteuid() != 0 or program is None:
        pytest.skip("loop devices are for root")
    made = subprocess.run(
        [program, "--find", "--show", backing], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"no loop device to be had: {made.stderr.strip()}")
    device = Path(made.stdout.strip())
    yield device
    subprocess.run([program, "--detach", device], check=True)


def test_a_block_device_is_written_zeroed_between_and_verified(
    image: Path, loop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(image), str(loop), "--yes"]) == 14
    assert "it is not removable (`--force fixed` if that is meant)" in capsys.readouterr().err
    assert loop.read_bytes() == b"\xee" * (SIZE + MIB)
    assert main([str(image), str(loop), "--yes", "--force", "fixed"]) == 0
    data = loop.read_bytes()
    assert data[:SIZE] == image.read_bytes()
    assert data[SIZE:] == b"\xee" * MIB


def test_a_device_in_use_is_refused(image: Path, loop: Path) -> None:
    handle = os.open(loop, os.O_RDONLY | os.O_EXCL)
    try:
        about = blocks.read(image.with_suffix(".bmap"), image)
        with pytest.raises(FlashFailed, match="busy"):
            write.to_disk(
                image, image.with_suffix(".bmap"), about, loop, lambda *_: lambda _n: None
            )
    finally:
        os.close(handle)
    assert loop.read_bytes() == b"\xee" * (SIZE + MIB)


def test_the_machines_own_root_is_refused() -> None:
    """The disk that this very test runs from, wherever that is a disk."""
    number = None
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split(" ")
        if words[4] == "/" and not words[2].startswith("0:"):
            number = words[2]
    if number is None or (Path("/sys/dev/block") / number / "partition").exists():
        pytest.skip("the root of this machine is not a whole disk")
    found = disk.read(Path("/dev/root"), number)
    with pytest.raises(disk.DiskRefused, match="mounted at /"):
        found.require(1, frozenset(disk.FORCES))
