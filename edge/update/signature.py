"""Whether bytes are signed with the device's update key: minisign says so, not code of ours.

minisign (Ed25519 over BLAKE2b) is a small program that Debian packages; nothing here parses
signatures or keys.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from edge.errors import BadSignature, SlotError

TIMEOUT_S = 60.0


def verify(data: bytes, signature: bytes, key: Path, where: str) -> None:
    """Return if `signature` (a minisign file) of `data` is by `key` (a minisign public key file).

    Raises BadSignature, which names `where`; SlotError where key or minisign are missing: then
    nothing can be verified, so nothing is accepted.
    """
    program = shutil.which("minisign")
    if program is None:
        raise SlotError("minisign is not installed, so no signature can be verified")
    if not key.is_file():
        raise SlotError(
            f"{key}: no update key; this image was built without one ([update] public_key of the "
            "site's file) and takes no updates: flash the medium anew"
        )
    with tempfile.TemporaryDirectory(prefix="face-gate-") as name:
        file, beside = Path(name, "data"), Path(name, "data.minisig")
        file.write_bytes(data)
        beside.write_bytes(signature)
        # -H: the old kind of signature, over the data and not its hash, is refused.
        words = [program, "-V", "-H", "-q", "-p", str(key), "-x", str(beside), "-m", str(file)]
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SlotError(f"minisign did not run: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().replace(name, "")
        raise BadSignature(
            f"{where}: not signed with this device's update key ({key}): "
            f"{said or f'minisign ended with {done.returncode}'}"
        )
