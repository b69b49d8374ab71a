"""`face_landmark_68`: four dense blocks of separable convolutions, then one linear layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import Conv, Separable, Weights

MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 255.0
SIZE = 112


class _DenseBlock(nn.Module):
    """Each convolution adds to the sum of those before; the first halves the picture."""

    def __init__(self, weights: Weights, name: str, first: bool) -> None:
        super().__init__()
        self.conv0 = (
            Conv(weights[f"{name}/conv0/filters"], weights[f"{name}/conv0/bias"], 2)
            if first
            else Separable(weights, f"{name}/conv0", 2)
        )
        self.rest = nn.ModuleList(Separable(weights, f"{name}/conv{i}") for i in (1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        total = F.relu(self.conv0(x))
        x = total
        for conv in self.rest:
            total = total + conv(x)
            x = F.relu(total)
        return x


class FaceLandmark68(nn.Module):
    """(n, 3, 112, 112) RGB `(x - MEAN_RGB) / 255` -> (n, 136): x0, y0, ... in 0..1 of the crop.

    The 68 points are in the order of iBUG 300-W.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _DenseBlock(weights, f"dense{i}", first=i == 0) for i in range(4)
        )
        self.weight = nn.Parameter(torch.from_numpy(weights["fc/weights"].T.copy()))
        self.bias = nn.Parameter(torch.from_numpy(weights["fc/bias"].copy()))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return F.linear(F.avg_pool2d(x, 7, 2).flatten(1), self.weight, self.bias)
