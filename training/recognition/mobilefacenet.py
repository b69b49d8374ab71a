"""MobileFaceNet with ReLU (Chen et al. 2018), from scratch or from a trained network's ONNX file.

The paper's activation is PReLU, which stays in floating point when a network is quantised to 8
bits; ReLU and ReLU6 cost nothing there. The plan of blocks is the paper's, the activations are
those of the public network that `weights_of_onnx` reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.errors import CheckpointError

BLOCKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, how many, stride of the first: table 1 of the paper."""


class Unit(nn.Sequential):
    """Convolution, batch normalisation if asked for, activation if any.

    Without normalisation the convolution has a bias: so are the layers of a trained network whose
    normalisation was folded into them.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        act: type[nn.Module] | None = nn.ReLU6,
        norm: bool,
        pad: int | None = None,
    ) -> None:
        pad = kernel // 2 if pad is None else pad
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups, bias=not norm)
        ]
        if norm:
            layers.append(nn.BatchNorm2d(outputs))
        if act is not None:
            layers.append(act())
        super().__init__(*layers)


class Bottleneck(nn.Module):
    """Widens, filters each channel, narrows; adds its input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, wide: int, stride: int, *, norm: bool) -> None:
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            Unit(inputs, wide, 1, norm=norm),
            Unit(wide, wide, 3, stride=stride, groups=wide, norm=norm),
            Unit(wide, outputs, 1, act=None, norm=norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class MobileFaceNet(nn.Module):
    """(N, 3, 112, 112) float32 to (N, embedding), not of unit length.

    norm: batch normalisation, for training from nothing; a network whose normalisation was folded
    has none. width: multiple of the paper's channels.
    """

    def __init__(self, embedding: int = 128, *, norm: bool = True, width: float = 1.0) -> None:
        super().__init__()

        def channels(paper: int) -> int:
            return max(8, round(paper * width / 8) * 8)

        stem = channels(64)
        layers: list[nn.Module] = [
            Unit(3, stem, 3, stride=2, norm=norm),
            Unit(stem, stem, 3, groups=stem, act=nn.ReLU, norm=norm),
            Unit(stem, stem, 1, act=nn.ReLU, norm=norm),
        ]
        inputs = stem
        for expansion, paper, count, stride in BLOCKS:
            for i in range(count):
                outputs = channels(paper)
                layers.append(
                    Bottleneck(
                        inputs, outputs, inputs * expansion, stride if i == 0 else 1, norm=norm
                    )
                )
                inputs = outputs
        top = channels(512)
        layers += [
            Unit(inputs, top, 1, norm=norm),
            # Global depthwise: a weight for each place, where an average would forget places.
            Unit(top, top, 7, groups=top, act=None, norm=norm, pad=0),
            Unit(top, embedding, 1, act=None, norm=norm),
        ]
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.layers(x), 1)


def convolutions(module: nn.Module) -> Iterator[nn.Conv2d]:
    """In the order in which they run."""
    return (m for m in module.modules() if isinstance(m, nn.Conv2d))


def weights_of_onnx(path: Path) -> dict[str, Tensor]:
    """Weights for `MobileFaceNet(128, norm=False)` from an ONNX file of that network.

    Raises CheckpointError when the file's convolutions are not those of this network.
    """
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # protobuf's errors share no public base class
        raise CheckpointError(f"{path}: not an ONNX file: {error}") from error
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    found = [n for n in graph.node if n.op_type == "Conv"]
    net = MobileFaceNet(128, norm=False)
    wanted = list(convolutions(net))
    if len(found) != len(wanted):
        raise CheckpointError(f"{path}: {len(found)} convolutions, not {len(wanted)}")
    for i, (node, layer) in enumerate(zip(found, wanted, strict=True)):
        if len(node.input) != 3 or any(name not in stored for name in node.input[1:]):
            raise CheckpointError(f"{path}: convolution {i} has no stored weight and bias")
        weight, bias = (np.array(stored[name], np.float32) for name in node.input[1:])
        if weight.shape != tuple(layer.weight.shape):
            raise CheckpointError(
                f"{path}: convolution {i} is {weight.shape}, not {tuple(layer.weight.shape)}"
            )
        assert layer.bias is not None
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
    return net.state_dict()
