"""A converted network as one ONNX file, for what a pack cannot hold yet."""

from __future__ import annotations

import json
from pathlib import Path

from onnx import ModelProto

from edge.errors import UsageError
from edge.outputs import replacing

from ..convert import Converted
from ..onnx_file import to_bytes


def require_free(path: Path, *, force: bool) -> None:
    """UsageError when the file must not be written."""
    if path.suffix != ".onnx":
        raise UsageError(f"--out: {path} must end in .onnx: this entry makes a file, not a pack")
    if path.exists() and not force:
        raise UsageError(f"{path} exists; --force replaces it")


def write(path: Path, converted: Converted) -> None:
    """Whole or not at all, with licence, source, input and head in its metadata.

    Raises OutputError.
    """
    model = ModelProto()
    model.CopyFrom(converted.model)
    for key, value in converted.net.manifest.items():
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        model.metadata_props.add(key=key, value=text)
    with replacing(path) as part:
        part.write_bytes(to_bytes(model))
