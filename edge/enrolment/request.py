"""What an enrolment was asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Way = Literal["new", "add", "replace"]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. way: a new person, more templates, or others in place of the old.

    timeout_s: how long a live camera is looked at. limit_s: how much of a film.
    """

    name: str
    source: str
    way: Way
    frames: int
    sheet: Path | None
    force: bool
    timeout_s: float
    limit_s: float
