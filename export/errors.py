"""What can go wrong in an export, on top of `edge.errors`."""

from __future__ import annotations

from edge.errors import PackError


class ExportError(PackError):
    """A checkpoint, picture or measurement does not make a pack; nothing was written."""
