"""`age_gender`: a small Xception (Chollet 2017) with one linear layer for age, one for gender."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import Conv, Separable, Weights

MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 255.0
SIZE = 112


class _Reduction(nn.Module):
    """Two separable convolutions and a 3x3 pool beside a 1x1 convolution at stride 2."""

    def __init__(self, weights: Weights, name: str, activate: bool) -> None:
        super().__init__()
        self.first = Separable(weights, f"{name}/separable_conv0")
        self.second = Separable(weights, f"{name}/separable_conv1")
        self.expand = Conv(
            weights[f"{name}/expansion_conv/filters"],
            weights[f"{name}/expansion_conv/bias"],
            2,
            same=False,
        )
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(F.relu(x) if self.activate else x)
        y = self.second(F.relu(y))
        # ceil mode on an even size is "same" for a 3x3 pool at stride 2
        return F.max_pool2d(y, 3, 2, ceil_mode=True) + self.expand(x)


class _Main(nn.Module):
    """Three separable convolutions beside an identity."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            Separable(weights, f"{name}/separable_conv{i}") for i in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for conv in self.convs:
            y = conv(F.relu(y))
        return x + y


class AgeGender(nn.Module):
    """(n, 3, 112, 112) RGB `(x - MEAN_RGB) / 255` -> age (n, 1) in years, gender (n, 2) logits.

    Gender 0 is male, 1 is female.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        entry, exit_ = "entry_flow", "exit_flow"
        self.conv_in = Conv(
            weights[f"{entry}/conv_in/filters"], weights[f"{entry}/conv_in/bias"], 2
        )
        self.blocks = nn.Sequential(
            _Reduction(weights, f"{entry}/reduction_block_0", activate=False),
            _Reduction(weights, f"{entry}/reduction_block_1", activate=True),
            _Main(weights, "middle_flow/main_block_0"),
            _Main(weights, "middle_flow/main_block_1"),
            _Reduction(weights, f"{exit_}/reduction_block", activate=True),
        )
        self.last = Separable(weights, f"{exit_}/separable_conv")
        self.age = _linear(weights, "fc/age")
        self.gender = _linear(weights, "fc/gender")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.last(self.blocks(F.relu(self.conv_in(x)))))
        x = F.avg_pool2d(x, 7, 2).flatten(1)
        return self.age(x), self.gender(x)


def _linear(weights: Weights, name: str) -> nn.Linear:
    matrix = torch.from_numpy(weights[f"{name}/weights"].T.copy())
    layer = nn.Linear(matrix.shape[1], matrix.shape[0])
    layer.weight, layer.bias = (
        nn.Parameter(matrix),
        nn.Parameter(torch.from_numpy(weights[f"{name}/bias"].copy())),
    )
    return layer
