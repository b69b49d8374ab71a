"""What another network says of the training pictures: the targets of distillation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.outputs import replacing
from training.liveness.minifasnet import MiniFASNet
from training.liveness.samples import Sample, picture


def scores(
    files: Sequence[Path], samples: Sequence[Sample], kept: Path, console: Console
) -> NDArray[np.float32]:
    """(n,) live scores 0..1; kept in `kept` (.npy) and read from there for the same pictures.

    Raises PackError for a file that is no MiniFASNet, DataError for what is no picture.
    """
    asked = MiniFASNet(list(files))
    named = hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files))
    for s in samples:
        named.update(f"{s.picture.absolute()} {s.box.tolist()}\n".encode())
    path = kept.with_name(f"{kept.stem}-{named.hexdigest()[:16]}.npy")
    if path.is_file():
        return np.asarray(np.load(path), np.float32)
    shown = track(samples, "asking the teacher", console=console, transient=True)
    found = np.array([asked.score(picture(s), s.box) for s in shown], np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, Path(part).open("wb") as file:
        np.save(file, found)
    return found
