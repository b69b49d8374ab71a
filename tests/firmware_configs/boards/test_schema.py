"""Every board's file, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cameras.uris import split
from firmware_configs.boards import schema
from firmware_configs.errors import BoardError
from firmware_configs.image import settings
from firmware_configs.image.site import Site

MIB = 1 << 20
GOOD = (schema.BOARDS / "generic-arm64.toml").read_text()


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    monkeypatch.setattr(schema, "BOARDS", tmp_path)
    (tmp_path / "generic-arm64.toml").write_text(text)
    return "generic-arm64"


def test_the_four_boards_are_there() -> None:
    assert {"generic-arm64", "rpi4", "rpi5", "jetson-orin-nano"} <= set(schema.names())


@pytest.mark.parametrize("name", schema.names())
def test_a_board_gives_a_configuration_that_the_daemon_takes(name: str) -> None:
    board = schema.load(name)
    text = settings.of(board, Site())
    assert f'uri = "{board.camera.uri}"' in text
    assert split(board.camera.uri)[0] in ("v4l2", "picamera2", "gstreamer")
    if board.gpio is not None:
        assert f'uri = "{board.gpio.lock_uri}"' in text


@pytest.mark.parametrize("name", schema.names())
def test_a_board_fits_into_900_megabytes(name: str) -> None:
    sizes = schema.load(name).partitions
    boots = 2 * (sizes.boot or 0)
    assert (sizes.esp + boots + 2 * sizes.root + sizes.data + 2) * MIB <= 900e6


@pytest.mark.parametrize("name", schema.names())
def test_a_board_has_what_its_kind_needs(name: str) -> None:
    board = schema.load(name)
    assert {"uvcvideo", "vfat"} <= set(board.kernel.keep)  # a camera, and the boot partition
    assert board.boot.consoles[-1].startswith("console=")
    if board.boot.method == "rpi-tryboot":
        assert board.boot.device_trees
        assert board.watchdog.timeout_s <= 15  # its hardware cannot count further
    for path in board.boot.files:
        assert path.startswith("usr/lib/")
        assert ".." not in path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("threads = 2", "threads = 0"), "threads"),
        (('method = "systemd-boot"', 'method = "grub"'), "method"),
        (("root = 288", "root = 1"), "root"),
        (("timeout_s = 30", "timeout_s = 3000"), "timeout_s"),
        (('name = "generic-arm64"', 'name = "other"'), "names the board 'other'"),
        (("[watchdog]", "[watchdogs]"), "watchdogs"),
        (('model = "cortex-a72"', "model = ["), "generic-arm64.toml"),
        (('method = "systemd-boot"', 'method = "rpi-tryboot"'), "config_txt"),
        (("esp = 160", "esp = 160\nboot = 64"), "partitions.boot is for rpi-tryboot"),
    ],
)
def test_a_wrong_file_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], says: str
) -> None:
    assert change[0] in GOOD
    name = written(tmp_path, monkeypatch, GOOD.replace(*change, 1))
    with pytest.raises(BoardError, match=says):
        schema.load(name)


def test_an_unknown_board_is_told_which_there_are() -> None:
    with pytest.raises(BoardError, match=r"no board '\.\./x'.*generic-arm64"):
        schema.load("../x")


def test_a_camera_without_a_picture_size_in_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = GOOD.replace('uri = "v4l2:///dev/video0"', 'uri = "v4l2:///dev/video0"\nwidth = 1')
    with pytest.raises(BoardError, match="width"):
        schema.load(written(tmp_path, monkeypatch, wrong))
