"""What goes wrong while an image is flashed."""

from __future__ import annotations

from edge.errors import FaceGateError


class DiskRefused(FaceGateError, ValueError):
    """The target does not look like a card for a door; nothing was written."""

    exit_code = 14


class FlashFailed(FaceGateError, OSError):
    """The target was not written, or reads back differently; it must not be used."""

    exit_code = 15
