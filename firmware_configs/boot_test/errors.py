"""What the boot test raises, on top of `firmware_configs.errors`."""

from __future__ import annotations

from edge.errors import FaceGateError


class ConsoleError(FaceGateError, RuntimeError):
    """The machine's console did not say what was waited for; the message holds its last lines."""

    exit_code = 13


class NotProved(FaceGateError, AssertionError):
    """The machine did not do what the product promises."""

    exit_code = 1
