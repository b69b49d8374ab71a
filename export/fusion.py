"""A fusion network (`training.liveness.fusion`) as one ONNX file with three inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto

from training.liveness.fusion import model as fusion
from training.liveness.fusion.modalities import MODALITIES, SUBSETS

from .onnx_file import from_torch_inputs
from .parity import Parity, float_parity
from .simplify import simplify

OUTPUT = "classes"
"""Logits (1, 2): attack and live, before the softmax, as the door's liveness network has them."""


def exported(
    description: Mapping[str, Any], weights: Mapping[str, torch.Tensor]
) -> tuple[ModelProto, Parity]:
    """Inputs colour, depth and ir (1, 3, S, S) float32 0..1 RGB, zeros where a sensor is absent.

    The file is held against torch with every choice of sensors. Raises CheckpointError, PackError.
    """
    net = fusion.load(dict(description), dict(weights))
    side = net.design.patch
    shapes = {name: (1, 3, side, side) for name in MODALITIES}
    model = simplify(from_torch_inputs(net, shapes, (OUTPUT,), "fusion"))
    return model, float_parity(net, model, _inputs(side))


def _inputs(side: int) -> list[dict[str, NDArray[np.float32]]]:
    """Noise of each of the sensors, bright and dark, and zeros of the others."""
    rng = np.random.default_rng(0)
    found = []
    for given in SUBSETS:
        for low, high in ((0.0, 1.0), (0.0, 0.2), (0.8, 1.0)):
            values = {
                name: rng.uniform(low, high, (1, 3, side, side)).astype(np.float32)
                for name in MODALITIES
            }
            found.append({n: v if n in given else np.zeros_like(v) for n, v in values.items()})
    return found
