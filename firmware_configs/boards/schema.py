"""What a board's file says: typed, bounded and closed, like the device's own configuration.

A board is what differs between two doors' computers: how it boots, which kernel drives it, where
camera and lock hang. What a site wants of its door is in `firmware_configs.image.site`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from edge.config_section import Section
from edge.packs import describe as describe_error
from firmware_configs.errors import BoardError

BOARDS = Path(__file__).parent
SYSTEMD_BOOT = "usr/lib/systemd/boot/efi/systemd-bootaa64.efi"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Package = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+(/[a-z0-9-]+)?$")]
"""A Debian package, or package/suite where the suite is not the usual one."""
Module = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][A-Za-z0-9_-]*$")]
Argument = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")]
Provider = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+ExecutionProvider$")]


class Processor(Section):
    model: str = Field(pattern=r"^[a-z0-9-]+$", title="CPU as GCC and QEMU name it")
    threads: int = Field(ge=1, le=64, title="Threads per network")
    execution_providers: tuple[Provider, ...] = Field(
        default=("CPUExecutionProvider",),
        min_length=1,
        title="ONNX Runtime's providers on this board; the first one is used",
    )


class Camera(Section):
    uri: str = Field(min_length=1, title="Camera, as camera.uri of face-gate.toml")
    width: int = Field(default=640, ge=160, le=4096, title="Picture width, pixels")
    height: int = Field(default=480, ge=120, le=4096, title="Picture height, pixels")


class Gpio(Section):
    chip: str = Field(pattern=r"^[A-Za-z0-9._-]+$", title="Label of the GPIO chip")
    lock: str = Field(pattern=r"^[A-Za-z0-9._-]+$", title="Name of the line that drives the lock")
    active_low: bool = Field(default=False, title="Whether a low level opens")

    @property
    def lock_uri(self) -> str:
        return f"gpiod:{self.chip}/{self.lock}" + ("?active_low=1" if self.active_low else "")


class Boot(Section):
    method: Literal["systemd-boot", "rpi-tryboot"] = Field(title="Who chooses between the slots")
    arguments: tuple[Argument, ...] = Field(default=(), title="More words of the kernel's line")
    consoles: tuple[Argument, ...] = Field(min_length=1, title="console= words, the main one last")
    device_trees: tuple[str, ...] = Field(default=(), title="Device trees put beside the kernel")
    firmware: tuple[str, ...] = Field(
        default=(), title="Files of the root that go to the boot partition's top"
    )
    config_txt: tuple[str, ...] = Field(default=(), title="Lines of a Raspberry Pi's config.txt")

    @property
    def files(self) -> tuple[str, ...]:
        """What the boot partition takes from the root; `{release}` stands for the kernel's."""
        own = (SYSTEMD_BOOT,) if self.method == "systemd-boot" else ()
        return (*own, *self.firmware, *self.device_trees)

    @model_validator(mode="after")
    def _fits_its_method(self) -> Boot:
        if self.method == "systemd-boot" and (self.device_trees or self.config_txt):
            raise ValueError("device_trees and config_txt are for rpi-tryboot: UEFI has its own")
        if self.method == "rpi-tryboot" and not self.config_txt:
            raise ValueError("a Raspberry Pi needs config_txt")
        return self


class Kernel(Section):
    package: Package = Field(title="Debian package of the kernel")
    initrd_modules: tuple[Module, ...] = Field(
        min_length=1, title="Modules that find disk and file systems, in the order of loading"
    )
    load: tuple[Module, ...] = Field(default=(), title="Modules loaded at every boot")
    keep: tuple[Module, ...] = Field(default=(), title="Modules that the image must have")


class Watchdog(Section):
    timeout_s: int = Field(ge=5, le=300, title="Seconds after which the hardware resets the board")


class Archive(Section):
    """A Debian archive beside Debian's own."""

    uri: str = Field(pattern=r"^https?://[^\s]+$", title="Where it is")
    suite: str = Field(pattern=r"^[a-z0-9./-]+$", title="Suite")
    components: tuple[Name, ...] = Field(min_length=1, title="Components")
    fingerprint: str | None = Field(
        default=None,
        pattern=r"^[0-9A-F]{40}$",
        title="Fingerprint of its key, which the builder must have; none: Debian's own keys",
    )


class Debian(Section):
    packages: tuple[Package, ...] = Field(default=(), title="Packages beside the recipe's")
    archives: tuple[Archive, ...] = Field(default=(), title="Archives beside Debian's own")


class Python(Section):
    leave_out: tuple[str, ...] = Field(
        default=(), title="Wheels that the board's own system packages take the place of"
    )
    system_packages: bool = Field(default=False, title="Whether Python sees Debian's packages")

    @model_validator(mode="after")
    def _what_is_left_out_is_there(self) -> Python:
        if self.leave_out and not self.system_packages:
            raise ValueError("leave_out needs system_packages: nothing else brings those modules")
        return self


class Partitions(Section):
    """Sizes in the image, MiB. `data` grows to the end of the medium at the first boot."""

    esp: int = Field(ge=8, le=1024, title="First partition: where the firmware looks for a loader")
    boot: int | None = Field(
        default=None, ge=40, le=512, title="Each of the two boot partitions of rpi-tryboot"
    )
    root: int = Field(ge=128, le=2048, title="Each of the two root partitions")
    data: int = Field(ge=16, le=4096, title="Data partition, before it grows")


class Board(Section):
    """All of a board's file."""

    name: Name = Field(title="Name, as in BOARD=")
    title: str = Field(min_length=3, max_length=80, title="What people call it")
    proved: Literal["booted", "built", "dry-run"] = Field(
        title="How far the recipe has been tried: booted in an emulator, built, or neither"
    )
    processor: Processor
    camera: Camera
    gpio: Gpio | None = Field(default=None, title="None: the site names its lock")
    pack: str = Field(default="default", title="Model pack: 'default', or a folder to bring along")
    boot: Boot
    kernel: Kernel
    watchdog: Watchdog
    debian: Debian = Debian()
    python: Python = Python()
    partitions: Partitions

    @model_validator(mode="after")
    def _has_the_partitions_of_its_method(self) -> Board:
        if (self.boot.method == "rpi-tryboot") != (self.partitions.boot is not None):
            raise ValueError("partitions.boot is for rpi-tryboot, which needs it")
        return self


def names() -> list[str]:
    """The boards that there are files for."""
    return sorted(path.stem for path in BOARDS.glob("*.toml"))


def load(name: str) -> Board:
    """The board of that name. Raises BoardError, which names file, option and bound."""
    path = BOARDS / f"{name}.toml"
    if name not in names():
        raise BoardError(f"there is no board {name!r}; there are {', '.join(names())}")
    try:
        board = Board.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{path}: {error}") from error
    except ValidationError as error:
        raise BoardError(f"{path}:\n{describe_error(error)}") from error
    if board.name != name:
        raise BoardError(f"{path}: the file of {name!r} names the board {board.name!r}")
    return board
