"""Small untrained networks as checkpoints, and pictures of one face under many names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from export.pictures import variations
from training import checkpoint
from training.detector.model import Design, Detector
from training.landmarks.model import FaceNet
from training.liveness.model import Design as LiveDesign
from training.liveness.model import ForTraining
from training.recognition.model import Design as EmbedderDesign

DESIGN = Design("edge", 96, 64)


def _settle(module: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """Statistics of batch normalisation as after some training: not those of a new module."""
    module.train()
    with torch.no_grad():
        for _ in range(8):
            module(torch.randn(4, *shape))
    return module.eval()


def save(path: Path, task: str, description: dict[str, Any], module: nn.Module) -> Path:
    checkpoint.save(
        path, {"task": task, "description": description, "ema": module.state_dict(), "position": {}}
    )
    return path


def detector(path: Path) -> Path:
    torch.manual_seed(0)
    module = _settle(Detector(DESIGN), (3, DESIGN.height, DESIGN.width))
    return save(path, "detector", DESIGN.plain(), module)


def face_net(path: Path, layout: str = "ibug68", **changes: Any) -> Path:
    torch.manual_seed(1)
    net = FaceNet(**{"widths": (16, 16, 16, 24), "blocks": (1, 1, 1), "attributes": 16, **changes})
    _settle(net, (3, 112, 112))
    return save(path, "landmarks", {"net": net.description(), "layout": layout}, net)


def embedder(path: Path) -> Path:
    torch.manual_seed(2)
    design = EmbedderDesign("mobilefacenet", 32, "imagenet", {"norm": True, "width": 0.25})
    module = _settle(design.build(), (3, 112, 112))
    return save(path, "recognition", design.plain(), module)


def liveness(path: Path) -> Path:
    torch.manual_seed(3)
    design = LiveDesign(size=32, scales=(2.5, 3.5), widths=(8, 8, 16, 16), depth=(0, 0, 0))
    module = _settle(ForTraining(design.build()), (3, 64, 32))
    return save(path, "liveness", design.plain(), module)


def people(folder: Path, count: int = 12) -> Path:
    """One public portrait, varied, as `count` people: some of them held back."""
    from skimage.data import astronaut

    face = np.ascontiguousarray(astronaut()[:300, 80:380, ::-1])
    for i in range(count):
        place = folder / f"Person_{i}" / f"Person_{i}_0001.jpg"
        place.parent.mkdir(parents=True)
        shade = variations(face)[i % 6]
        cv2.imwrite(str(place), shade[i : 280 + i, : 290 - i])
    return folder
