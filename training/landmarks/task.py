"""The landmark network as a task of the common loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.landmarks import metrics
from training.landmarks.dataset import FaceDataset, FaceSet, Jitter
from training.landmarks.layouts import Layout
from training.landmarks.locate import locate, torch_runner
from training.landmarks.loss import LossPlan, losses
from training.landmarks.model import FaceNet
from training.memory import channels_last

BARS = {"nme": 0.05, "failures": 0.06, "pose_mae": 4.0, "age_mae": 6.0, "gender_error": 0.07}
"""What each figure shall be at most; the score is the mean of figure over bar."""


class LandmarksTask:
    """Trains a `FaceNet` on faces, chooses by the mean of its validation figures over their bars.

    Args:
        name: of the run.
        net: the network.
        faces, held: training and validation.
        layout: of the points.
        plan: losses. jitter, lean: see `FaceDataset`.
        seed: of the samples.
        validate_faces: at most so many are validated after an epoch, evenly chosen of each kind.
    """

    score, lower_is_better, collate = "score", True, None

    def __init__(
        self,
        name: str,
        net: FaceNet,
        faces: FaceSet,
        held: FaceSet,
        layout: Layout,
        *,
        plan: LossPlan | None = None,
        jitter: Jitter | None = None,
        lean: float = 0.0,
        seed: int = 0,
        validate_faces: int = 1600,
    ) -> None:
        self.name, self.layout = name, layout
        self.module: nn.Module = channels_last(net)
        self.net, self.plan = net, plan or LossPlan()
        length = net.description()["embedding"] if "embedding" in net.heads else 0
        self.train = FaceDataset(
            faces, layout, seed=seed, jitter=jitter, embedding=length, lean=lean
        )
        self.held = _thinned(held, validate_faces)
        self._images = [self.held.image(i) for i in range(len(self.held))]

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        return losses(module(image), batch, self.layout, self.plan)

    def validate(self, module: nn.Module) -> dict[str, float]:
        run = torch_runner(module)
        found = []
        for start in range(0, len(self.held), 64):
            faces = self.held.faces[start : start + 64]
            images = self._images[start : start + 64]
            found += locate(run, images, [f.box for f in faces], self.layout)
        figures = metrics.short(self.held.faces, found, self.layout)
        parts = [figures[name] / bar for name, bar in BARS.items() if name in figures]
        return {"score": float(np.mean(parts)), **figures}

    def description(self) -> dict[str, Any]:
        return {"net": self.net.description(), "layout": self.layout.name}


def _thinned(faces: FaceSet, most: int) -> FaceSet:
    """At most `most` faces: those with true points first, then an even choice of the others."""
    if len(faces) <= most:
        return faces
    true = [i for i, f in enumerate(faces.faces) if f.truth]
    others = [i for i, f in enumerate(faces.faces) if not f.truth]
    return faces.subset([*_even(true, most // 2), *_even(others, most - min(len(true), most // 2))])


def _even(indices: Sequence[int], most: int) -> list[int]:
    if len(indices) <= most:
        return list(indices)
    return [indices[int(i)] for i in np.linspace(0, len(indices) - 1, most)]
