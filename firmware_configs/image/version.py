"""What an image is called: the project's version, and the number of the commit it is made from."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Version:
    """text: "0.1.0+123"; when: seconds since 1970, the date of every file in the image."""

    text: str
    when: int


def current() -> Version:
    """Of this checkout. `SOURCE_DATE_EPOCH` and `FACEGATE_BUILD` take git's place if they are set.

    Raises BuildError without git and without them.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    when = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct")
    build = os.environ.get("FACEGATE_BUILD") or _git("rev-list", "--count", "HEAD")
    if not when.isdigit() or not build.isdigit():
        raise BuildError("SOURCE_DATE_EPOCH and FACEGATE_BUILD are whole numbers")
    return Version(f"{project['version']}+{build}", int(when))


def _git(*words: str) -> str:
    try:
        return call("git", "-C", ROOT, *words).strip()
    except BuildError as error:
        raise BuildError(
            f"the commit is not known: {error}\nset SOURCE_DATE_EPOCH and FACEGATE_BUILD"
        ) from error
