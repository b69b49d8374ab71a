"""Two passes over faces, as the device makes them, by a network of torch or of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from edge.packs import preprocess
from training.landmarks import crops
from training.landmarks.layouts import Layout
from training.pose import rotation

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Runner = Callable[[Floats], dict[str, Floats]]
"""From tensors (B, 3, 112, 112) to outputs by name, (B, ...)."""


def torch_runner(module: nn.Module, batch: int = 64) -> Runner:
    """Runs a `FaceNet` as it stands. `confidence` comes as a probability."""

    @torch.no_grad()
    def run(images: Floats) -> dict[str, Floats]:
        device = next(module.parameters()).device
        parts: list[dict[str, Floats]] = []
        for start in range(0, len(images), batch):
            value = torch.from_numpy(images[start : start + batch]).to(
                device, memory_format=torch.channels_last
            )
            said = dict(module(value))
            if "confidence" in said:
                said["confidence"] = torch.sigmoid(said["confidence"])
            parts.append(
                {k: v.float().cpu().numpy() for k, v in said.items() if k != "log_variance"}
            )
        return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}

    return run


@dataclass(frozen=True, eq=False)
class Found:
    """What a network says of one face. points: (N, 2) picture pixels or None. confidence: 0..1.

    pose: (3,) degrees in the picture. first: the points of the first pass.
    """

    points: Floats | None = None
    confidence: float | None = None
    pose: Floats | None = None
    age: float | None = None
    gender: Floats | None = None
    first: Floats | None = None


def locate(
    run: Runner, images: list[Image], boxes: list[Floats], layout: Layout, passes: int = 2
) -> list[Found]:
    """Faces by their boxes: pass 1 as they stand, pass 2 upright around the points of pass 1.

    A network without points has only the first pass.
    """
    matrices = [crops.first_matrix(box) for box in boxes]
    angles = [0.0] * len(boxes)
    said = run(_tensors(images, matrices))
    first: list[Floats | None] = [None] * len(boxes)
    if "points" in said:
        first = list(_points(said, matrices))
        for _ in range(passes - 1):
            refits = [crops.refit_matrix(p, layout) for p in _points(said, matrices)]
            matrices, angles = [m for m, _ in refits], [a for _, a in refits]
            said = run(_tensors(images, matrices))
    points = _points(said, matrices) if "points" in said else [None] * len(boxes)
    return [
        Found(
            points=points[i],
            confidence=float(said["confidence"][i, 0]) if "confidence" in said else None,
            pose=(
                rotation.turned(said["pose"][i], angles[i]).astype(np.float32)
                if "pose" in said
                else None
            ),
            age=float(said["age"][i, 0]) if "age" in said else None,
            gender=said["gender"][i] if "gender" in said else None,
            first=first[i],
        )
        for i in range(len(boxes))
    ]


def _tensors(images: list[Image], matrices: list[NDArray[np.float64]]) -> Floats:
    return np.concatenate(
        [
            preprocess.tensor(image, matrix, crops.SPEC)
            for image, matrix in zip(images, matrices, strict=True)
        ]
    )


def _points(said: dict[str, Floats], matrices: list[NDArray[np.float64]]) -> list[Floats]:
    return [
        crops.from_unit(said["points"][i].reshape(-1, 2), matrix)
        for i, matrix in enumerate(matrices)
    ]
