"""`face_recognition`: dlib's 29-layer ResNet with 128 outputs (King 2017), weights in 8 bits."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import Conv, Weights

MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 255.0
SIZE = 150
LENGTH = 128
BLOCKS = (
    "conv32_1",
    "conv32_2",
    "conv32_3",
    "conv64_down",
    "conv64_1",
    "conv64_2",
    "conv64_3",
    "conv128_down",
    "conv128_1",
    "conv128_2",
    "conv256_down",
    "conv256_1",
    "conv256_2",
    "conv256_down_out",
)


def _conv(weights: Weights, name: str, stride: int) -> Conv:
    """A convolution with its affine layer folded in; dlib pads only where the stride is 1."""
    return Conv(
        weights[f"{name}/conv/filters"],
        weights[f"{name}/conv/bias"],
        stride,
        same=stride == 1,
        scale=weights[f"{name}/scale/weights"],
        shift=weights[f"{name}/scale/biases"],
    )


class _Residual(nn.Module):
    """Two 3x3 convolutions beside an identity, or beside a 2x2 mean where the block halves."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.down = "_down" in name
        self.conv1 = _conv(weights, f"{name}/conv1", 2 if self.down else 1)
        self.conv2 = _conv(weights, f"{name}/conv2", 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.relu(self.conv1(x)))
        if self.down:
            x = F.avg_pool2d(x, 2, 2)
            # dlib adds tensors of unlike shape by filling the smaller with zeros: channels that
            # the mean lacks, and the row and column that the unpadded convolution lacks.
            x = F.pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))
            y = F.pad(y, (0, x.shape[3] - y.shape[3], 0, x.shape[2] - y.shape[2]))
        return F.relu(x + y)


class FaceRecognition(nn.Module):
    """(n, 3, 150, 150) RGB `(x - MEAN_RGB) / 255` -> (n, 128), not normalised."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.entry = _conv(weights, "conv32_down", 2)
        self.blocks = nn.ModuleList(_Residual(weights, name) for name in BLOCKS)
        self.weight = nn.Parameter(torch.from_numpy(weights["fc"].T.copy()))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.entry(x)), 3, 2)
        for block in self.blocks:
            x = block(x)
        return F.linear(F.adaptive_avg_pool2d(x, 1).flatten(1), self.weight)
