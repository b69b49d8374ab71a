"""IR and IR-SE: the residual networks of ArcFace (Deng et al. 2019), 112 x 112 in, E head out.

A unit is BN, convolution, BN, activation, convolution, BN, without an activation after the sum.
The IR-SE networks weigh a unit's channels by their means (Hu et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.recognition.backbones.ehead import act_layer, channels_of, e_head, initialise

DEPTHS = {50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
"""Units of each stage."""
WIDTHS = (64, 128, 256, 512)
SQUEEZE = 16
"""By how much squeeze-and-excitation narrows."""


class SqueezeExcitation(nn.Module):
    """(N, C, H, W): each channel times a share 0..1 that follows from all channels' means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(channels // SQUEEZE, 4)
        self.share = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, narrow, 1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(narrow, channels, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.share(x)


class Unit(nn.Module):
    """The improved residual unit; the second convolution strides."""

    def __init__(self, inputs: int, outputs: int, stride: int, act: str, *, se: bool) -> None:
        super().__init__()
        layers = [
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
            act_layer(act, outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.layers = nn.Sequential(*layers, *([SqueezeExcitation(outputs)] if se else []))
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(self.layers(x), self.shortcut(x))


class IR(nn.Module):
    """(N, 3, 112, 112) float32 to (N, embedding), not of unit length.

    depths: units of the four stages. width: multiple of the paper's channels. se: IR-SE.
    """

    def __init__(
        self,
        depths: Sequence[int],
        embedding: int = 512,
        activation: str = "prelu",
        *,
        se: bool = False,
        width: float = 1.0,
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        stem = channels_of(WIDTHS[0], width)
        layers: list[nn.Module] = [
            nn.Conv2d(3, stem, 3, 1, 1, bias=False),
            nn.BatchNorm2d(stem),
            act_layer(activation, stem),
        ]
        inputs = stem
        for paper, depth in zip(WIDTHS, depths, strict=True):
            outputs = channels_of(paper, width)
            for i in range(depth):
                layers.append(Unit(inputs, outputs, 2 if i == 0 else 1, activation, se=se))
                inputs = outputs
        self.backbone = nn.Sequential(*layers)
        self.head = e_head(inputs, embedding, dropout)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.head(self.backbone(x))
        return embedding
