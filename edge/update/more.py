"""The further files of a slot's boot partition: a plain tar inside the bundle."""

from __future__ import annotations

import io
import re
import tarfile

from edge.errors import BadBundle
from edge.update.bundle import Bundle
from edge.update.manifest import BOOT, INITRD, KERNEL

MOST = 64 << 20
WORD = r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,99}"
NAME = re.compile(rf"{WORD}(?:/{WORD}){{0,2}}", re.ASCII)


def files(bundle: Bundle) -> dict[str, bytes]:
    """By path below the boot partition; none where the bundle has no such part.

    Raises BadBundle for anything but plain files with plain names.
    """
    part = bundle.manifest.parts.boot
    if part is None:
        return {}
    if part.size > MOST:
        raise BadBundle(f"{bundle.path}: {BOOT} has {part.size} bytes, more than {MOST}")
    data = b"".join(bundle.chunks(BOOT))
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                if member.type != tarfile.REGTYPE or NAME.fullmatch(member.name) is None:
                    raise BadBundle(f"{bundle.path}: {BOOT}: {member.name[:80]!r} is no plain file")
                # FAT does not tell names by case.
                if member.name.lower() in {name.lower() for name in (*found, KERNEL, INITRD)}:
                    raise BadBundle(f"{bundle.path}: {BOOT}: {member.name} is there twice")
                file = tar.extractfile(member)
                assert file is not None
                found[member.name] = file.read()
    except tarfile.TarError as error:
        raise BadBundle(f"{bundle.path}: {BOOT}: {error}") from error
    return found
