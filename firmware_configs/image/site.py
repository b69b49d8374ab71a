"""What a site says of its door beyond the board: `--config site.toml`.

host_name = "back-door"
[face_gate.camera]          # any section of face-gate.toml
uri = "v4l2:///dev/video2"
[update]
public_key = "update.pub"   # paths are relative to this file
[[add]]
source = "files/etc"
dest = "/etc"
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, model_validator

from edge.config_section import Section
from edge.packs import describe as describe_error
from firmware_configs.boards.schema import Argument
from firmware_configs.errors import BoardError

Key = Annotated[
    str,
    StringConstraints(pattern=r"^(ssh-(ed25519|rsa)|(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+) \S+.*$"),
]
Interface = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.*-]{1,15}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F:.]+(/[0-9]{1,3})?$")]


class Admin(Section):
    password_hash: str | None = Field(
        default=None,
        pattern=r"^\$(y|6)\$[^:\s]+$",
        title="Password as `mkpasswd -m yescrypt` prints it; none: asked for at the first log-in",
    )
    ssh_keys: tuple[Key, ...] = Field(default=(), title="Public keys that may log in by SSH")


class Ssh(Section):
    enabled: bool = Field(default=False, title="Whether SSH listens")


class Network(Section):
    """One interface that is brought up. Without any, the machine has no network."""

    interface: Interface = Field(title="Name, or a pattern of names")
    dhcp: bool = Field(default=False, title="Whether the network gives the address")
    addresses: tuple[Address, ...] = Field(default=(), title="Addresses with prefix: 10.0.0.5/24")
    gateway: Address | None = Field(default=None, title="Gateway")
    dns: tuple[Address, ...] = Field(default=(), title="Name servers")
    ntp: tuple[str, ...] = Field(default=(), title="Time servers")

    @model_validator(mode="after")
    def _has_an_address(self) -> Network:
        if not self.dhcp and not self.addresses:
            raise ValueError(f"{self.interface}: dhcp = true, or addresses")
        return self


class Update(Section):
    public_key: Path | None = Field(default=None, title="minisign key that updates must bear")


class SiteKernel(Section):
    arguments: tuple[Argument, ...] = Field(default=(), title="More words of the kernel's line")
    modules: tuple[Path, ...] = Field(default=(), title="Further modules (.ko) for this kernel")
    load: tuple[str, ...] = Field(default=(), title="Modules loaded at every boot")


class Add(Section):
    source: Path = Field(title="File, or folder with all in it")
    dest: str = Field(pattern=r"^/.+$", title="Where it goes in the image")
    mode: str | None = Field(default=None, pattern=r"^0?[0-7]{3}$", title="Mode of a single file")


class Site(Section):
    """All of a site's file."""

    host_name: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        title="Host name; none: face-gate- and six digits of the machine's number",
    )
    time_zone: str = Field(
        default="Etc/UTC", pattern=r"^[A-Za-z0-9_+/-]+$", title="Time zone, for challenge_hours"
    )
    face_gate: dict[str, dict[str, Any]] = Field(
        default_factory=dict, title="Options of face-gate.toml, by section"
    )
    admin: Admin = Admin()
    ssh: Ssh = Ssh()
    network: tuple[Network, ...] = ()
    update: Update = Update()
    kernel: SiteKernel = SiteKernel()
    add: tuple[Add, ...] = ()

    @model_validator(mode="after")
    def _ssh_has_a_key_and_a_network(self) -> Site:
        if self.ssh.enabled and not self.admin.ssh_keys:
            raise ValueError("ssh.enabled needs admin.ssh_keys: passwords are not taken by SSH")
        if self.ssh.enabled and not self.network:
            raise ValueError("ssh.enabled needs a [[network]]: without one nobody can reach it")
        return self


def load(path: Path | None) -> Site:
    """The site's file; without one, a door with nothing but the board's defaults.

    Raises BoardError, which names file, option and bound, also for a file it names that is missing.
    """
    if path is None:
        return Site()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        site = Site.model_validate(raw)
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{path}: {error}") from error
    except ValidationError as error:
        raise BoardError(f"{path}:\n{describe_error(error)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BoardError(f"{path}: {error}") from error
    return _absolute(site, path.parent.absolute(), path)


def _absolute(site: Site, base: Path, file: Path) -> Site:
    def at(path: Path, option: str) -> Path:
        place = base / path
        if not place.exists() and not place.is_symlink():
            raise BoardError(f"{file}: {option}: there is no {place}")
        return place

    key = site.update.public_key
    kernel = {"modules": tuple(at(p, "kernel.modules") for p in site.kernel.modules)}
    add = [a.model_copy(update={"source": at(a.source, "add.source")}) for a in site.add]
    changed: dict[str, Any] = {"add": tuple(add), "kernel": site.kernel.model_copy(update=kernel)}
    if key is not None:
        changed["update"] = Update(public_key=at(key, "update.public_key"))
    return site.model_copy(update=changed)


def parse_add(text: str) -> Add:
    """`--add SRC:DEST`. Raises BoardError."""
    source, colon, dest = text.rpartition(":")
    if not colon or not source or not dest.startswith("/"):
        raise BoardError(f"--add {text}: SRC:DEST, where DEST begins with /")
    if not Path(source).exists() and not Path(source).is_symlink():
        raise BoardError(f"--add {text}: there is no {source}")
    return Add(source=Path(source).absolute(), dest=dest)
