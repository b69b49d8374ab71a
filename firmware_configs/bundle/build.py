"""Pack and sign. What comes out was opened and checked by the device's own code first."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.errors import BadSignature
from edge.outputs import replacing
from edge.packs import describe as describe_error
from edge.update.bundle import MANIFEST, SIGNATURE, opened
from edge.update.manifest import BOOT, INITRD, KERNEL, ROOT, Manifest, Part, Parts
from firmware_configs.bundle.image import Image
from firmware_configs.errors import BuildError
from firmware_configs.image.tools import path_of

KEY_IN_IMAGE = "usr/share/face-gate/update.pub"

Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A finished bundle."""

    path: Path
    manifest: Manifest
    sha256: str


def build(image: Image, key: Path, out: Path, seen: Seen, *, other_key: bool = False) -> Built:
    """Write the bundle of `image`, signed with the secret key in the file `key`, to `out`.

    The image must hold the public half, because it decides about the update after this one;
    other_key: it holds another one on purpose. Raises BuildError, ToolMissing, OutputError.
    """
    public = image.file_of_root(KEY_IN_IMAGE)
    if public is None:
        raise BuildError(
            f"{image.path}: has no update key, so a device that takes this update takes no other "
            "one after it; name [update] public_key in the site's file and build it again"
        )
    if not key.is_file():
        raise BuildError(f"{key}: there is no secret key; `minisign -G` makes a pair")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="face-gate-bundle-", dir=out.parent) as name:
        work = Path(name)
        files = {
            KERNEL: image.kernel(work / KERNEL),
            INITRD: image.initrd(work / INITRD),
            ROOT: _root(image, work / ROOT),
        }
        if more := image.more_files(work):
            _pack(work / BOOT, more)
            files[BOOT] = work / BOOT
        parts = {name: _part(path, seen) for name, path in files.items()}
        manifest = _manifest(
            board=image.board,
            version=image.version,
            options=image.options(work),
            parts=Parts(
                kernel=parts[KERNEL],
                initrd=parts[INITRD],
                root=parts[ROOT],
                boot=parts.get(BOOT),
            ),
        )
        (work / MANIFEST).write_bytes(manifest.encoded())
        _sign(work / MANIFEST, key, f"face-gate {manifest.board} {manifest.version}")
        (work / "image.pub").write_text(public, encoding="utf-8")
        with replacing(out) as beside:
            _pack(beside, {name: work / name for name in (MANIFEST, SIGNATURE, *files)})
            sha256 = _as_the_device_reads_it(beside, work / "image.pub", seen, other_key=other_key)
    return Built(out, manifest, sha256)


def _manifest(**fields: Any) -> Manifest:
    try:
        return Manifest(**fields)
    except ValidationError as error:
        raise BuildError(f"the image makes no update:\n{describe_error(error)}") from error


def _root(image: Image, to: Path) -> Path:
    with to.open("wb") as file:
        for data in image.root_chunks():
            file.write(data)
    return to


def _part(path: Path, seen: Seen) -> Part:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    size = path.stat().st_size
    seen(size)
    return Part(size=size, sha256=digest.hexdigest())


def _sign(path: Path, key: Path, comment: str) -> None:
    """`path`.minisig beside it. minisign itself asks for the key's password, at the terminal."""
    words = [path_of("minisign"), "-S", "-s", str(key), "-m", str(path), "-t", comment]
    words += ["-x", str(path.with_name(SIGNATURE)), "-c", "face-gate update"]
    if subprocess.run(words, check=False).returncode != 0:
        raise BuildError(f"minisign did not sign with {key}: wrong password, or no secret key")


def _pack(out: Path, files: dict[str, Path]) -> None:
    """A plain tar in which nothing tells when, where and by whom it was made."""
    with tarfile.open(out, "w:", format=tarfile.USTAR_FORMAT) as tar:
        for name, path in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.mode = path.stat().st_size, 0o644
            with path.open("rb") as file:
                tar.addfile(about, file)


def _as_the_device_reads_it(path: Path, public: Path, seen: Seen, *, other_key: bool) -> str:
    try:
        with opened(path, public) as bundle:
            bundle.check(seen)
    except BadSignature as error:
        if not other_key:
            raise BuildError(
                "the image holds another update key than the one that signed: devices will ask for "
                "that one from this update on. If the keys are to change, say --other-key"
            ) from error
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
