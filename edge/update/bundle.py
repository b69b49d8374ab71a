"""A bundle: one plain tar of manifest, its signature, kernel, initrd and root, in that order.

Only a verified bundle comes out of `opened`: its signature is checked before its manifest is
parsed, and `check` hashes every part before anything is written anywhere.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from edge.errors import BadBundle
from edge.update.manifest import Manifest, decode
from edge.update.signature import verify

MANIFEST, SIGNATURE = "manifest.json", "manifest.json.minisig"
MANIFEST_MOST, SIGNATURE_MOST = 64 << 10, 4 << 10
CHUNK = 1 << 20

Seen = Callable[[int], None]
"""Told how many bytes have just been gone through."""


class Bundle:
    """An open, signed bundle. `manifest` can be trusted; the parts only once they were hashed."""

    def __init__(self, path: Path, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self._tar = tar
        self._members: dict[str, tarfile.TarInfo] = {}
        for name, part in manifest.parts.named().items():
            member = _member(tar, path, name)
            if member.size != part.size:
                raise BadBundle(f"{path}: {name} has {member.size} bytes, signed for {part.size}")
            self._members[name] = member
        if tar.next() is not None:
            raise BadBundle(f"{path}: holds more than the manifest names")

    @property
    def size(self) -> int:
        """Bytes of all parts together."""
        return sum(part.size for part in self.manifest.parts.named().values())

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part's bytes, hashed on the way.

        Raises BadBundle in place of the last chunk if the part is not the signed one, so that
        whoever writes them never has it whole.
        """
        part, digest, left = self.manifest.parts.named()[name], hashlib.sha256(), 0
        file = self._tar.extractfile(self._members[name])
        assert file is not None
        left = part.size
        while left:
            try:
                data = file.read(min(CHUNK, left))
            except (OSError, tarfile.TarError) as error:
                raise BadBundle(f"{self.path}: {name} cannot be read: {error}") from error
            if not data:
                raise BadBundle(f"{self.path}: ends in the middle of {name}; copy it again")
            digest.update(data)
            left -= len(data)
            if not left and digest.hexdigest() != part.sha256:
                raise BadBundle(f"{self.path}: {name} is not the file that was signed")
            yield data

    def check(self, seen: Seen) -> None:
        """Hash every part. Raises BadBundle."""
        for name in self._members:
            for data in self.chunks(name):
                seen(len(data))


@contextmanager
def opened(path: Path, key: Path) -> Iterator[Bundle]:
    """The bundle, after its signature was verified. Raises BadBundle, BadSignature, SlotError."""
    try:
        with tarfile.open(path, "r:") as tar:
            data = _small(tar, path, MANIFEST, MANIFEST_MOST)
            signature = _small(tar, path, SIGNATURE, SIGNATURE_MOST)
            verify(data, signature, key, str(path))
            yield Bundle(path, tar, decode(data, str(path)))
    except tarfile.TarError as error:
        raise BadBundle(f"{path}: not an update bundle: {error}") from error
    except OSError as error:
        if isinstance(error, BadBundle) or error.filename != str(path):
            raise
        raise BadBundle(f"{path}: {error.strerror}") from error


def _member(tar: tarfile.TarFile, path: Path, name: str) -> tarfile.TarInfo:
    """The next member, which must be the plain file of that name."""
    member = tar.next()
    if member is None or member.name != name:
        there = "nothing" if member is None else repr(member.name[:80])
        raise BadBundle(f"{path}: not an update bundle: {name} is missing, {there} stands there")
    if member.type != tarfile.REGTYPE or member.pax_headers:
        raise BadBundle(f"{path}: {name} is not a plain file")
    return member


def _small(tar: tarfile.TarFile, path: Path, name: str, most: int) -> bytes:
    member = _member(tar, path, name)
    if member.size > most:
        raise BadBundle(f"{path}: {name} has {member.size} bytes, more than {most}")
    file: IO[bytes] | None = tar.extractfile(member)
    assert file is not None
    return file.read()
