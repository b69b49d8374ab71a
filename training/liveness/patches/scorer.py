"""A face in a frame to a live score, through the device's own crop."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.packs import preprocess
from training.liveness.model import LIVE
from training.liveness.patches import views
from training.liveness.patches.model import FaceNet, ensemble, load


class Patched:
    """One checkpoint, or the mean of several. kind: of `views.KINDS`. Raises CheckpointError."""

    bound: float | None = None

    def __init__(self, paths: Sequence[Path], kind: str = "few") -> None:
        nets = [load(path) for path in paths]
        self.name = " + ".join(path.name for path in paths)
        design = nets[0].design
        seen = views.KINDS[kind](design.spec.width, design.patch)
        self.net = FaceNet(nets, seen).eval()
        self._spec = design.spec

    @property
    def passes(self) -> int:
        """Patches that are looked at for one face, by all networks together."""
        return len(self.net.views) * len(self.net.nets)

    def score(self, image: NDArray[np.uint8], box: NDArray[np.float32]) -> float:
        """0 (an attack) .. 1 (live). image: (H, W, 3) uint8 BGR, box: (4,) x1, y1, x2, y2."""
        face = torch.from_numpy(preprocess.face_tensor(image, self._spec, box))
        with torch.inference_mode():
            return float(self.net(face).double().softmax(1)[0, LIVE])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that say which networks answer, and how often each looks."""
    add = parser.add_argument_group("network").add_argument
    add("checkpoint", nargs="?", type=Path, metavar="CKPT", help="best.ckpt of a run, or another")
    add(
        "--ensemble",
        type=Path,
        metavar="RUN",
        help="instead: the mean of the best checkpoints of each cycle of a run",
    )
    add("--tta", action="store_true", help="36 patches a face: 9 places, 4 ways round (default: 5)")


def from_arguments(args: argparse.Namespace) -> Patched:
    """What they describe. Raises UsageError, CheckpointError."""
    if (args.checkpoint is None) == (args.ensemble is None):
        raise UsageError("one of CKPT and --ensemble RUN is needed")
    paths = ensemble(args.ensemble) if args.ensemble is not None else [args.checkpoint]
    return Patched(paths, "every" if args.tta else "few")
