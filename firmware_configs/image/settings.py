"""The image's face-gate.toml: the commented example with the board's and the site's values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.config import parse
from firmware_configs.boards.schema import Board
from firmware_configs.errors import BoardError
from firmware_configs.image.site import Site

EXAMPLE = Path(__file__).parents[1] / "face-gate.toml"
IN_IMAGE = Path("/etc/face-gate/face-gate.toml")

Options = Mapping[str, Mapping[str, Any]]


def of(board: Board, site: Site) -> str:
    """The file's text, checked as the daemon will check it. Raises BoardError, ConfigError."""
    camera, processor = board.camera, board.processor
    options: dict[str, dict[str, Any]] = {
        "camera": {"uri": camera.uri, "width": camera.width, "height": camera.height},
        "inference": {
            "pack": board.pack if board.pack == "default" else f"/usr/share/face-gate/{board.pack}",
            "provider": processor.execution_providers[0],
            "threads": processor.threads,
        },
    }
    if board.gpio is not None:
        options["lock"] = {"uri": board.gpio.lock_uri}
    for section, values in site.face_gate.items():
        options.setdefault(section, {}).update(values)
    if "dir" in options.get("state", {}):
        raise BoardError("state.dir is not a site's to choose: only the data partition is writable")
    text = written(EXAMPLE.read_text(encoding="utf-8"), options)
    parse(text, IN_IMAGE)
    return text


def written(example: str, options: Options) -> str:
    """`example` with these options set, each in the line that shows its default if there is one."""
    lines = example.splitlines()
    for section, values in options.items():
        for option, value in values.items():
            _set(lines, section, option, value)
    return "\n".join(lines) + "\n"


def _set(lines: list[str], section: str, option: str, value: Any) -> None:
    if f"[{section}]" not in lines:
        lines += ["", f"[{section}]"]
    start = lines.index(f"[{section}]") + 1
    end = next((n for n in range(start, len(lines)) if lines[n].startswith("[")), len(lines))
    new = f"{option} = {_literal(section, option, value)}"
    # In force, showing its default, or an example among the explanations: in this order.
    for mark in ("", "#", "# "):
        for number in range(start, end):
            if lines[number].startswith(f"{mark}{option} = "):
                about = re.search(r"  # .*$", lines[number])
                lines[number] = new + (about[0] if about else "")
                return
    while end > start and not lines[end - 1].strip():
        end -= 1
    lines.insert(end, new)


def _literal(section: str, option: str, value: Any) -> str:
    """A TOML value. JSON's text, number, truth value and list of these are written alike."""
    simple = (str, int, float, bool)
    if isinstance(value, simple) or (
        isinstance(value, list) and all(isinstance(item, simple) for item in value)
    ):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    raise BoardError(f"[face_gate.{section}] {option} = {value!r}: no option has such a value")
