"""What a camera's URI consists of."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edge.errors import CameraUriError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)


def split(uri: str) -> tuple[str, str]:
    """Scheme in lower case and what follows its colon; a plain path has the scheme ""."""
    match = _SCHEME.fullmatch(uri)
    return ("", uri) if match is None else (match[1].lower(), match[2])


def path_of(uri: str) -> Path | None:
    """The file or folder that a plain path or file URI names; None for any other source.

    Raises CameraUriError for a malformed file URI.
    """
    scheme, rest = split(uri)
    if scheme == "":
        return Path(rest)
    if scheme != "file":
        return None
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise CameraUriError(f"{uri}: a file URI is file:///ABSOLUTE/PATH")
    return Path(unquote(parts.path))
