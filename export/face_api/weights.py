"""Reads weight files out of the npm package, without unpacking it.

The package keeps each network as one binary of concatenated tensors beside a JSON manifest in
the TensorFlow.js layout: a tensor is either float32 or `uint8` with `value = q * scale + min`.
"""

from __future__ import annotations

import hashlib
import json
import math
import tarfile
from pathlib import Path

import numpy as np

from edge.errors import PackError

PACKAGE = "@vladmandic/face-api"
VERSION = "1.7.15"
LICENCE = "MIT"
SHA256 = "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031"
"""SHA-256 of the tgz that `npm pack @vladmandic/face-api@1.7.15` brings."""

_DTYPES = {"float32": "<f4", "uint8": "u1", "uint16": "<u2", "int32": "<i4"}


class Package:
    """The opened package, whose hash has been checked.

    Args:
        path: the tgz as npm serves it.
        sha256: the only accepted hash, as lower-case hex.

    Raises:
        PackError: the file is missing, unreadable, or not the expected one.
    """

    def __init__(self, path: Path, sha256: str = SHA256) -> None:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise PackError(f"cannot read {path}: {error.strerror}") from error
        found = hashlib.sha256(raw).hexdigest()
        if found != sha256:
            raise PackError(
                f"{path} is not {PACKAGE} {VERSION}: its SHA-256 is {found}, expected {sha256}; "
                f"get it with 'npm pack {PACKAGE}@{VERSION}'"
            )
        self._path = path

    def network(self, name: str) -> dict[str, np.ndarray]:
        """All tensors of one network as float32, by name, in the package's own layout.

        Args:
            name: e.g. `tiny_face_detector`; the files are `model/<name>_model*`.

        Raises:
            PackError: a file is absent, or its length does not agree with its manifest.
        """
        stem = f"package/model/{name}_model"
        try:
            with tarfile.open(self._path, "r:gz") as tar:
                manifest = json.loads(_member(tar, f"{stem}-weights_manifest.json"))
                groups = [
                    (g, b"".join(_member(tar, f"package/model/{p}") for p in g["paths"]))
                    for g in manifest
                ]
        except (tarfile.TarError, KeyError, ValueError) as error:
            raise PackError(f"{self._path} holds no readable network '{name}': {error}") from error
        tensors: dict[str, np.ndarray] = {}
        for group, blob in groups:
            used = 0
            for entry in group["weights"]:
                tensors[entry["name"]], used = _tensor(entry, blob, used)
            if used != len(blob):
                raise PackError(f"{name}: {len(blob) - used} bytes of weights are not described")
        return tensors


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _tensor(entry: dict, blob: bytes, offset: int) -> tuple[np.ndarray, int]:
    quantisation = entry.get("quantization")
    dtype = np.dtype(_DTYPES[quantisation["dtype"] if quantisation else entry["dtype"]])
    count = math.prod(entry["shape"])
    end = offset + count * dtype.itemsize
    if end > len(blob):
        raise PackError(f"weights end inside tensor '{entry['name']}'")
    values = np.frombuffer(blob, dtype, count, offset).astype(np.float64)
    if quantisation:
        values = values * quantisation["scale"] + quantisation["min"]
    return values.astype(np.float32).reshape(entry["shape"]), end
