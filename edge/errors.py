"""Every error face-gate raises on purpose.

One root, so that a caller can say "anything of ours"; each class also inherits the builtin
whose meaning it shares, so that a caller who knows only Python still catches by meaning.
A message says what was wrong, where, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self


class FaceGateError(Exception):
    """Root of all face-gate errors. `exit_code` is what a command ends with.

    details: what a program needs to know beside the message; `--json` prints it.
    """

    exit_code = 1
    details: Mapping[str, object] = MappingProxyType({})

    def with_details(self, **details: object) -> Self:
        """This error, carrying `details`."""
        self.details = details
        return self

    def __str__(self) -> str:
        # KeyError would otherwise print the repr of its argument.
        return str(self.args[0]) if self.args else self.__class__.__name__


class UsageError(FaceGateError, ValueError):
    """A command was typed with arguments that make no sense together, or were misspelt."""

    exit_code = 2


class OutputError(FaceGateError, OSError):
    """A file that a command was asked to write cannot be written."""

    exit_code = 10


# Configuration -------------------------------------------------------------------------------
class ConfigError(FaceGateError, ValueError):
    """The configuration file is unreadable, has an unknown option or a value out of bounds."""

    exit_code = 78  # EX_CONFIG


class StaleCalibration(ConfigError):
    """`[calibration]` was made for another embedder: its scores mean nothing with this one."""


class CalibrationError(FaceGateError, ValueError):
    """A site cannot be calibrated with what was given; the configuration stays as it was."""

    exit_code = 11


class BadScores(CalibrationError):
    """A file of recorded impostor scores is malformed, or of another embedder."""


# Packs ---------------------------------------------------------------------------------------
class PackError(FaceGateError, ValueError):
    """A model pack cannot be used."""

    exit_code = 3


class ManifestError(PackError):
    """`manifest.toml` is missing, malformed, or has a value outside its schema."""


class HashMismatch(PackError):
    """A model file's SHA-256 is not the one that its manifest states."""


class UnknownRole(PackError, LookupError):
    """The manifest names a role that face-gate does not know."""


class MissingRole(PackError, LookupError):
    """The manifest lacks a role that is needed."""


class ModelMismatch(PackError):
    """An ONNX file's inputs or outputs are not those that the manifest describes."""


class BackendUnavailable(PackError, RuntimeError):
    """The execution provider that was asked for is not there; nothing is used in its place."""


class UndemonstratedTarget(PackError):
    """A false-accept target lies beyond what the pack's score distribution can show."""


# Cameras -------------------------------------------------------------------------------------
class CameraError(FaceGateError, OSError):
    """A camera or film cannot be opened or read."""

    exit_code = 4


class CameraUriError(CameraError, ValueError):
    """The camera URI names no known source."""


class CameraLost(CameraError):
    """A camera that was delivering frames stopped."""


# Gallery and vault ---------------------------------------------------------------------------
class GalleryError(FaceGateError):
    """The gallery cannot be read or written."""

    exit_code = 5


class PersonExists(GalleryError, ValueError):
    """That name is taken."""


class PersonNotFound(GalleryError, LookupError):
    """Nobody of that name is enrolled."""


class BadName(GalleryError, ValueError):
    """A person's name is empty, too long, or has characters that it must not have."""


class BadTemplate(GalleryError, ValueError):
    """A template's vector or description is not what a template holds."""


class EmbedderMismatch(GalleryError, ValueError):
    """Stored templates were made by another embedder than the one in use."""


class VaultCorrupt(GalleryError, ValueError):
    """The vault's file is damaged or not a face-gate vault."""


class VaultTooNew(GalleryError, ValueError):
    """The vault was written by a later face-gate than this one."""


# Enrolment -----------------------------------------------------------------------------------
class EnrolmentRefused(FaceGateError, ValueError):
    """The pictures do not allow a safe enrolment; nothing was stored."""

    exit_code = 6


class AlreadyEnrolled(EnrolmentRefused):
    """The face is enrolled under another name."""


# Door ----------------------------------------------------------------------------------------
class DoorError(FaceGateError, OSError):
    """The lock's line cannot be claimed or driven."""

    exit_code = 7


class LockUriError(DoorError, ValueError):
    """The lock's URI names no known backend or option."""


class LineNotFound(DoorError, LookupError):
    """No GPIO chip or line of that name."""


class LineBusy(DoorError):
    """The GPIO line is in use by another program or object."""


class LockClosed(DoorError, ValueError):
    """The lock was used after it was closed."""


# Updates -------------------------------------------------------------------------------------
class UpdateError(FaceGateError):
    """An update was refused, or cannot be written; what runs stays what boots."""

    exit_code = 13


class BadBundle(UpdateError, ValueError):
    """A bundle's parts are not those that its manifest states."""


class BadSignature(UpdateError, ValueError):
    """A bundle is not signed with this device's update key."""


class WrongBoard(UpdateError, ValueError):
    """A bundle was made for another board."""


class Downgrade(UpdateError, ValueError):
    """A bundle is not newer than what runs."""


class SlotTooSmall(UpdateError, ValueError):
    """A bundle does not fit the slot or the boot partition."""


class SlotError(UpdateError, OSError):
    """The slots are not as an update needs them, or one cannot be read or written."""


class Unhealthy(UpdateError, RuntimeError):
    """The system did not prove within its time that the door works."""


# Record --------------------------------------------------------------------------------------
class AuditError(FaceGateError, OSError):
    """The audit record cannot be written; the door stays locked."""

    exit_code = 8


class NotifyError(FaceGateError, OSError):
    """systemd asked to be notified and could not be."""


class NumericError(FaceGateError, ArithmeticError):
    """A network or kernel returned a value that is not a finite number."""

    exit_code = 9
