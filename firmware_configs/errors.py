"""What goes wrong on the workstation while images are made, beside edge's own errors."""

from __future__ import annotations

from edge.errors import ConfigError, FaceGateError


class BoardError(ConfigError):
    """A board's or a site's file is unreadable, or says what cannot be."""


class ToolMissing(FaceGateError, LookupError):
    """A program that the build needs is not installed."""

    exit_code = 69  # EX_UNAVAILABLE


class BuildError(FaceGateError, RuntimeError):
    """An image could not be built from these inputs; nothing was left in its place."""

    exit_code = 12
