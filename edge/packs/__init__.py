"""Model packs: load, check, refuse.

>>> from edge import packs
>>> pack = packs.load("default")
>>> pack.manifest.roles.embedder.head.length
128
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.errors import HashMismatch, ManifestError, MissingRole, UnknownRole
from edge.packs.schema import (
    REQUIRED_ROLES,
    ROLES,
    AgeGenderRole,
    LivenessArtefactsRole,
    Manifest,
    NetworkRole,
)

if TYPE_CHECKING:
    from edge.packs.runtime import Network

DEFAULT = Path(__file__).parent / "default"


def pack_path(name_or_path: str | Path) -> Path:
    """The folder of a pack: "default" is the shipped one, anything else a path."""
    return DEFAULT if str(name_or_path) == "default" else Path(name_or_path)


def describe(error: ValidationError) -> str:
    """A pydantic error as lines of `where: what (got value)`."""
    lines = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"]) or "(top)"
        got = item.get("input")
        shown = "" if isinstance(got, dict | list) or got is None else f" (got {got!r})"
        lines.append(f"  {where}: {item['msg']}{shown}")
    return "\n".join(lines)


def read_manifest(folder: Path) -> Manifest:
    """Parse and check `manifest.toml`.

    Raises ManifestError (unreadable or outside the schema), UnknownRole, MissingRole.
    """
    path = folder / "manifest.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(
            f"{path}: no such file; a pack is a folder with manifest.toml"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from error
    roles = raw.get("roles")
    if isinstance(roles, dict):
        if unknown := sorted(set(roles) - set(ROLES)):
            raise UnknownRole(
                f"{path}: unknown role {unknown[0]!r}; face-gate knows {', '.join(ROLES)}"
            )
        if missing := [role for role in REQUIRED_ROLES if role not in roles]:
            raise MissingRole(f"{path}: role {missing[0]!r} is missing; the door stays locked")
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        raise ManifestError(f"{path}:\n{describe(error)}") from error


def read_model(folder: Path, role: NetworkRole) -> bytes:
    """The bytes of a role's ONNX file, read once and hashed: what is checked is what is run.

    Raises HashMismatch, ManifestError.
    """
    path = folder / role.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}; the manifest names it") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != role.sha256:
        raise HashMismatch(
            f"{path}: SHA-256 is {digest}, the manifest says {role.sha256}. The file was "
            "changed or damaged; fetch the pack again"
        )
    return data


@dataclass(frozen=True)
class Pack:
    """A checked pack with its networks loaded."""

    folder: Path
    manifest: Manifest
    detector: Network
    landmarks: Network
    embedder: Network
    liveness: Network | None
    """None when the liveness role is `artefacts`, which has no file."""
    age_gender: Network | None = field(default=None)

    @property
    def embedder_sha256(self) -> str:
        """Identifies the embedder that templates belong to."""
        return self.manifest.roles.embedder.sha256


def load(
    name_or_path: str | Path = "default",
    *,
    threads: int = 1,
    provider: str = "CPUExecutionProvider",
    optional: Iterable[str] = (),
) -> Pack:
    """Load a pack: manifest, hashes, networks.

    `optional`: optional roles that are wanted as well ("age_gender"); MissingRole when the
    pack lacks one. Raises PackError and its subclasses.
    """
    # Here, since ONNX Runtime takes its time, and manifests are read by commands without networks.
    from edge.packs.runtime import Network

    folder = pack_path(name_or_path)
    manifest = read_manifest(folder)
    roles = manifest.roles

    def network(role: NetworkRole, *outputs: str) -> Network:
        data = read_model(folder, role)
        return Network(
            folder / role.file, data, role.input, outputs, threads=threads, provider=provider
        )

    wanted = set(optional)
    if unknown := wanted - {"age_gender"}:
        raise UnknownRole(f"{sorted(unknown)[0]!r} is not an optional role")
    attributes: AgeGenderRole | None = roles.age_gender if "age_gender" in wanted else None
    if "age_gender" in wanted and attributes is None:
        raise MissingRole(f"{folder}: role 'age_gender' was asked for and is not in the pack")
    live = roles.liveness
    return Pack(
        folder=folder,
        manifest=manifest,
        detector=network(roles.detector, *roles.detector.head.outputs),
        landmarks=network(roles.landmarks, *roles.landmarks.head.outputs),
        embedder=network(roles.embedder, roles.embedder.head.output),
        liveness=(
            None if isinstance(live, LivenessArtefactsRole) else network(live, live.head.output)
        ),
        age_gender=(
            None
            if attributes is None
            else network(attributes, attributes.head.age, attributes.head.gender)
        ),
    )
