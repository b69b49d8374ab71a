"""What can be wrong with a training's input, on top of `edge.errors`."""

from __future__ import annotations

from edge.errors import FaceGateError


class DataError(FaceGateError, ValueError):
    """A data set is not what it should be; its message names file and line."""

    exit_code = 3


class CheckpointError(FaceGateError, ValueError):
    """A checkpoint cannot be read, or belongs to another network or another plan."""

    exit_code = 3


class DivergedError(FaceGateError, ArithmeticError):
    """The loss is no longer a number. The last checkpoint is from before."""

    exit_code = 9
