"""What gives a liveness score to a face in a picture: a pack, MiniFASNet, a checkpoint.

A scorer is named on the command line as NAME=WHAT, and the report shows several side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge import packs
from edge.errors import NumericError, UsageError
from edge.faces.landmarks import locate
from edge.faces.liveness import passive, passive_bound
from edge.packs import preprocess
from edge.packs.schema import LivenessArtefactsRole
from training.liveness.minifasnet import MiniFASNet

Image = NDArray[np.uint8]
Box = NDArray[np.float32]


class Scorer(Protocol):
    """bound: its own, at or above which a face counts as live; None where it states none."""

    bound: float | None

    def score(self, image: Image, box: Box) -> float:
        """0 (an attack) .. 1 (live). image: (H, W, 3) uint8 BGR, box: (4,) x1, y1, x2, y2."""
        ...


class OfPack:
    """A pack's liveness role, by the device's code. Raises PackError."""

    def __init__(self, name_or_path: str) -> None:
        self.pack = packs.load(name_or_path)
        role = self.pack.manifest.roles.liveness
        self.bound: float | None = passive_bound(self.pack)
        self._needs_points = (
            not isinstance(role, LivenessArtefactsRole) and role.input.fit.kind == "template"
        )

    def score(self, image: Image, box: Box) -> float:
        points = locate(self.pack, image, box).points if self._needs_points else None
        return passive(self.pack, image, box, points)


class OfCheckpoint:
    """A run of `training.liveness train`, in floating point. Raises CheckpointError."""

    bound: float | None = None

    def __init__(self, path: Path) -> None:
        import torch

        from training import checkpoint
        from training.liveness import model

        self._torch, self._live = torch, model.LIVE
        self._net = model.load(*checkpoint.load(path))
        self._spec = self._net.design.spec

    def score(self, image: Image, box: Box) -> float:
        tensor = self._torch.from_numpy(preprocess.face_tensor(image, self._spec, box))
        with self._torch.inference_mode():
            logits = self._net(tensor)[0].double()
        return float(logits.softmax(0)[self._live])


@dataclass(frozen=True, eq=False)
class Named:
    """A scorer and what it is called in the report."""

    name: str
    what: str
    scorer: Scorer

    def score(self, image: Image, box: Box) -> float:
        """As the scorer says. Raises NumericError for what is no probability."""
        said = self.scorer.score(image, box)
        if not -1e-6 <= said <= 1 + 1e-6:  # NaN too
            raise NumericError(f"{self.name}: a score of {said} is not one of 0..1")
        return min(max(said, 0.0), 1.0)


def of(text: str) -> Named:
    """NAME=WHAT. WHAT: 'default' or a pack's folder, .ckpt of one run or ONNX files joined by '+'.

    Raises UsageError, PackError, CheckpointError.
    """
    name, given, what = text.partition("=")
    if not given or not name.strip() or not what:
        raise UsageError(f"--network {text}: NAME=PACK, NAME=FILE.ckpt or NAME=A.onnx+B.onnx")
    files = [Path(part) for part in what.split("+")]
    if all(path.suffix == ".onnx" for path in files):
        return Named(name.strip(), " + ".join(f.name for f in files), MiniFASNet(files))
    if all(path.suffix == ".ckpt" for path in files):
        return Named(name.strip(), " + ".join(f.name for f in files), _of_run(files))
    if what == "default" or Path(what).is_dir():
        return Named(name.strip(), what, OfPack(what))
    raise UsageError(f"--network {text}: {what} is no pack, no checkpoint and no ONNX file")


def _of_run(paths: Sequence[Path]) -> Scorer:
    """Of `training.liveness train`, or one or several of `training.liveness.patches train`."""
    from training import checkpoint
    from training.liveness.patches.model import TASK
    from training.liveness.patches.scorer import Patched

    if checkpoint.read(paths[0]).get("task") == TASK:
        return Patched(paths)
    if len(paths) > 1:
        raise UsageError(f"--network: {paths[1].name}: only patch networks are averaged")
    return OfCheckpoint(paths[0])


def all_of(texts: Sequence[str]) -> list[Named]:
    """One each. Raises UsageError for a name that comes twice, and as `of` does."""
    names = [text.partition("=")[0].strip() for text in texts]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise UsageError(f"--network: {twice[0]!r} names two of them")
    return [of(text) for text in texts]
