"""Backbones: a picture in, feature maps of strides 8, 16 and 32 out.

`darknet53` and `tiny` are those of YOLOv3 (Redmon and Farhadi 2018); `edge` is made for 8-bit
inference on one small CPU core: plain 3x3 convolutions with ReLU, which integer kernels run well.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Features = tuple[Tensor, Tensor, Tensor]


class Unit(nn.Sequential):
    """Convolution, batch normalisation, activation; the size is kept or halved."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        act: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            act(),
        )


def leaky() -> nn.Module:
    """The activation of the Darknet networks."""
    return nn.LeakyReLU(0.1, inplace=True)


class Bottleneck(nn.Module):
    """Darknet's residual: 1x1 to half the channels, 3x3 back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Unit(channels, channels // 2, 1, act=leaky), Unit(channels // 2, channels, act=leaky)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Residual(nn.Module):
    """Two 3x3 convolutions and a sum before the last ReLU (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Unit(channels, channels), Unit(channels, channels, act=nn.Identity)
        )
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x + self.body(x))


class SpatialPyramid(nn.Module):
    """Max-pools of 5, 9 and 13 cells beside the map itself (YOLOv3-SPP, after He et al. 2014)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.reduce = Unit(channels, half, 1, act=leaky)
        self.pools = nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (5, 9, 13))
        self.merge = Unit(half * 4, channels, 1, act=leaky)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        return self.merge(torch.cat([x, *(pool(x) for pool in self.pools)], dim=1))


class Staged(nn.Module):
    """A backbone as stages: the outputs of the last three are its features.

    channels: of the three features, stride 8 first.
    """

    def __init__(self, stages: list[nn.Module], channels: tuple[int, int, int]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.channels = channels

    def forward(self, x: Tensor) -> Features:
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found[-3], found[-2], found[-1]


def darknet53(*, spp: bool = False) -> Staged:
    """52 convolutions in five stages of 1, 2, 8, 8 and 4 residuals."""
    stages: list[nn.Module] = [Unit(3, 32, act=leaky)]
    width = 32
    for count in (1, 2, 8, 8, 4):
        width *= 2
        stages.append(
            nn.Sequential(
                Unit(width // 2, width, stride=2, act=leaky),
                *(Bottleneck(width) for _ in range(count)),
            )
        )
    if spp:
        stages[-1].append(SpatialPyramid(width))  # type: ignore[operator]
    return Staged(stages, (256, 512, 1024))


def tiny() -> Staged:
    """Darknet's tiny variant: one 3x3 convolution a scale, halved by max-pools."""

    def step(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(nn.MaxPool2d(2, 2), Unit(inputs, outputs, act=leaky))

    top = nn.Sequential(step(256, 512), Unit(512, 512, act=leaky))
    stages = [
        Unit(3, 16, act=leaky),
        step(16, 32),
        step(32, 64),
        step(64, 128),
        step(128, 256),
        top,
    ]
    return Staged(stages, (128, 256, 512))


def edge(
    widths: tuple[int, ...] = (16, 24, 32, 64, 96), blocks: tuple[int, ...] = (0, 1, 1, 1)
) -> Staged:
    """Plain 3x3 convolutions, ReLU, sums.

    widths: channels at strides 2, 4, 8, 16, 32. blocks: residuals at strides 4, 8, 16, 32.
    """
    stages: list[nn.Module] = [Unit(3, widths[0], stride=2)]
    for before, width, count in zip(widths, widths[1:], blocks, strict=False):
        stages.append(
            nn.Sequential(Unit(before, width, stride=2), *(Residual(width) for _ in range(count)))
        )
    return Staged(stages, widths[2:])  # type: ignore[arg-type]


BACKBONES: dict[str, Callable[[], Staged]] = {
    "edge": edge,
    "tiny": tiny,
    "darknet53": darknet53,
    "darknet53-spp": lambda: darknet53(spp=True),
}
