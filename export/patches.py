"""A network of patches (`training.liveness.patches`) as an ONNX file that is given a whole face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from onnx import ModelProto

from training.liveness.patches import views
from training.liveness.patches.model import FaceNet, restored

from .onnx_file import from_torch
from .parity import Parity, float_parity
from .simplify import simplify

OUTPUT = "classes"
"""Logits (1, 2), attack and live: their softmax is the mean of the answers to a few patches."""
CHECKED = 16
"""Faces of noise on which the file is held against torch."""


def exported(
    description: Mapping[str, Any], weights: Mapping[str, torch.Tensor]
) -> tuple[ModelProto, Parity]:
    """Input image (1, 3, 112, 112) float32 0..1 RGB, the crop of `Design.spec`.

    The patches in the middle and the corners are cut within the file. Raises CheckpointError,
    PackError.
    """
    net = restored(description, weights)
    spec = net.design.spec
    face = FaceNet([net], views.few(spec.width, net.design.patch)).eval()
    model = simplify(from_torch(face, spec.height, spec.width, (OUTPUT,), "patches"))
    rng = np.random.default_rng(0)
    faces = [
        rng.uniform(low, high, (1, 3, spec.height, spec.width)).astype(np.float32)
        for low, high in np.sort(rng.uniform(0, 1, (CHECKED, 2)))
    ]
    return model, float_parity(face, model, faces)
