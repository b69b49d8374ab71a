"""The configuration that an image comes with."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from edge.errors import ConfigError
from firmware_configs.boards import schema
from firmware_configs.errors import BoardError
from firmware_configs.image import settings
from firmware_configs.image.site import Site

BOARD = schema.load("generic-arm64")


def made(**sections: dict[str, Any]) -> dict[str, Any]:
    return tomllib.loads(settings.of(BOARD, Site(face_gate=sections)))


def test_a_site_overrides_its_board_and_keeps_the_rest() -> None:
    config = made(camera={"uri": "v4l2:///dev/video7"}, lock={"uri": "gpiod:chip/LOCK"})
    assert config["camera"] == {"uri": "v4l2:///dev/video7", "width": 640, "height": 480}
    assert config["lock"]["uri"] == "gpiod:chip/LOCK"


def test_the_example_s_comments_stay() -> None:
    text = settings.of(BOARD, Site(face_gate={"decision": {"agree": 7}}))
    assert "agree = 7  # " in text
    assert text.count("agree = 7") == 1


@pytest.mark.parametrize(
    ("section", "values", "says"),
    [
        ("camera", {"uri": "v4l2:///dev/video0", "wdith": 640}, "wdith"),
        ("decision", {"agree": 0}, "agree"),
        ("nonsense", {"x": 1}, "nonsense"),
    ],
)
def test_what_the_daemon_would_refuse_is_refused_before_building(
    section: str, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        made(**{section: values})


def test_the_place_of_the_gallery_is_not_a_sites() -> None:
    with pytest.raises(BoardError, match=r"state\.dir"):
        made(state={"dir": "/tmp"})


def test_a_value_that_no_option_has_is_refused() -> None:
    with pytest.raises(BoardError, match="no option"):
        made(camera={"uri": {"a": 1}})


def test_text_with_quotes_arrives_as_it_is() -> None:
    example = "[camera]\n#uri = 1  # where\n"
    text = settings.written(example, {"camera": {"uri": 'a"b\\c'}})
    assert tomllib.loads(text)["camera"]["uri"] == 'a"b\\c'
