"""A JSON file that lists faces, as two data sets of the same kind have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.errors import DataError


def entries(path: Path) -> list[Any]:
    """The entries, unchecked. Raises DataError naming the file and, for bad JSON, the line."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: {error.msg}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    if not isinstance(found, list):
        raise DataError(f"{path}: not a list of faces")
    return found
