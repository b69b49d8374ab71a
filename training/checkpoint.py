"""Checkpoints: whole or absent, and readable without the code that wrote them."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import torch

from training.errors import CheckpointError

FORMAT = 1
_BROKEN = (pickle.UnpicklingError, struct.error)


def save(path: Path, content: dict[str, Any]) -> None:
    """Writes beside `path`, flushes, renames: a kill leaves the old file or the new one."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        torch.save({"format": FORMAT, **content}, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path) -> dict[str, Any]:
    """All of a checkpoint. Raises CheckpointError.

    Loaded with `weights_only`: a checkpoint from elsewhere runs no code.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such checkpoint") from error
    except (OSError, RuntimeError, EOFError, LookupError, ValueError, *_BROKEN) as error:
        raise CheckpointError(f"{path}: not a checkpoint that can be read: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of this program")
    return content


def load(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The task's description and the averaged weights, for evaluation and export.

    Raises CheckpointError.
    """
    content = read(path)
    return content["description"], content["ema"]
