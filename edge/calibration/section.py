"""`[calibration]` in the configuration file, put in or replaced with every other byte left alone.

The section stands between two marked lines and is replaced as text, so comments, order and layout
of the rest stay. Whether that went well is not assumed: the new text is parsed and must say what
the old one said, but for the calibration.
"""

from __future__ import annotations

import fcntl
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.config import Calibration, parse
from edge.errors import ConfigError
from edge.outputs import overwrite, require_writable

BEGIN = "# >>> calibration: written by `python -m edge.calibrate`, replaced as a whole"
END = "# <<< calibration"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one of our commands at a time reads, derives and rewrites. Raises ConfigError."""
    try:
        while True:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(handle), path.stat()):
                break
            os.close(handle)  # it was replaced while we waited
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    try:
        yield
    finally:
        os.close(handle)


def check(path: Path, calibration: Calibration) -> None:
    """Raises what `put` would raise for what can be known before. Changes nothing."""
    _, text = _read(path.resolve())
    replaced(text, calibration, path)
    require_writable(path.resolve())


def put(path: Path, calibration: Calibration) -> None:
    """Write `calibration` into the file, whole or not at all; mode and owner stay.

    Raises ConfigError when the file holds a `[calibration]` that this did not write, or one that
    cannot be replaced without touching other options; OutputError.
    """
    path = path.resolve()  # a link stays a link
    before, text = _read(path)
    overwrite(path, replaced(text, calibration, path).encode("utf-8"), instead_of=before)


def _read(path: Path) -> tuple[bytes, str]:
    try:
        # Bytes, because reading as text would change the ends of lines.
        content = path.read_bytes()
        return content, content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def replaced(text: str, calibration: Calibration, path: Path) -> str:
    """The file's text with the section in it. Raises ConfigError, which names `path`."""
    parse(text, path)
    old: dict[str, Any] = tomllib.loads(text)
    head, tail = _around(text, path)
    rest = {name: section for name, section in old.items() if name != "calibration"}
    if _parsed(head + tail) != rest:
        raise ConfigError(
            f"{path}: the lines from {BEGIN[:15]!r} to {END!r} hold more or less than "
            "[calibration]. Move other options out of them, or delete the section; it is made again"
        )
    newline = "\r\n" if "\r\n" in text else "\n"
    if head and not head.endswith("\n"):
        head += newline
    if not tail and head.strip():
        head += newline if "calibration" not in old else ""
    new = head + rendered(calibration).replace("\n", newline) + tail
    if _parsed(new) != {**rest, "calibration": _plain(calibration)}:
        raise ConfigError(f"{path}: a section cannot be put in here safely; nothing was changed")
    parse(new, path)
    return new


def _around(text: str, path: Path) -> tuple[str, str]:
    """What stands before and after our section; all and nothing when there is none."""
    begins, ends = (
        list(re.finditer(rf"^{re.escape(mark)}\r?(?:\n|\Z)", text, re.MULTILINE))
        for mark in (BEGIN, END)
    )
    if not begins and not ends:
        if "calibration" in tomllib.loads(text):
            raise ConfigError(
                f"{path}: it has a [calibration] without the lines around it that "
                "`python -m edge.calibrate` writes, so it cannot be replaced. Delete it; it is "
                "made again"
            )
        return text, ""
    if len(begins) != 1 or len(ends) != 1 or begins[0].end() > ends[0].start():
        raise ConfigError(
            f"{path}: the lines {BEGIN[:15]!r} and {END!r} are there {len(begins)} and {len(ends)} "
            "times or out of order. Delete them and [calibration]; it is made again"
        )
    return text[: begins[0].start()], text[ends[0].end() :]


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _plain(section: Calibration) -> dict[str, Any]:
    return section.model_dump(exclude_none=True)


def rendered(calibration: Calibration) -> str:
    """The section with the lines around it, ending in a newline."""
    values = _plain(calibration)
    site = values.pop("site", None)
    lines = [BEGIN, "[calibration]", *(f"{k} = {_toml(v)}" for k, v in values.items())]
    if site is not None:
        lines += ["", "[calibration.site]", *(f"{k} = {_toml(v)}" for k, v in site.items())]
    return "\n".join([*lines, END]) + "\n"


def _toml(value: float | int | str | datetime) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return '"' + "".join(_escaped(c) for c in value) + '"'
    return repr(value)


def _escaped(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    return c if c.isprintable() else f"\\U{ord(c):08X}"
