"""AdaFace (Kim, Jain and Liu 2022): the margin follows the picture's quality.

A vector's length stands for the quality: good pictures that are hard are emphasised, poor ones
that may hold no face to be told are not.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from edge.errors import UsageError
from training.recognition.heads.margin import MarginHead, margin_in_bounds

_EPS = 1e-3
"""As the authors have it: cosines and angles stay so far from their ends."""


class AdaFace(MarginHead):
    """cos(theta + g) - a with g = -m z, a = m + m z.

    z = clip(h (|x| - mean) / std, -1, 1): of lengths within 0.001..100, without gradient. mean and
    std are averaged over the steps, the past counting `momentum`; they begin at 20 and 100, as the
    authors'. theta + g stays within 0..pi.

    For equal statistics on all processes, `norm` must be that of the joint batch on each.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, scale: float = 64.0, margin: float = 0.4, h: float = 0.333, momentum: float = 0.99
    ) -> None:
        super().__init__(scale)
        self.margin = margin_in_bounds(margin, 1.0)
        if not (h > 0 and 0 <= momentum < 1):
            raise UsageError(f"h must be above 0, momentum 0 to 1: {h:g}, {momentum:g}")
        self.h, self.momentum = h, momentum
        self.register_buffer("mean", torch.tensor(20.0))
        self.register_buffer("std", torch.tensor(100.0))

    def forward(self, cosine: Tensor, label: Tensor, norm: Tensor) -> Tensor:
        norm = norm.detach().float().clamp(_EPS, 100)
        if self.training and len(norm) > 1:
            self.mean.lerp_(norm.mean(), 1 - self.momentum)
            self.std.lerp_(norm.std(), 1 - self.momentum)
        return super().forward(cosine, label, norm)

    def own(self, cosine: Tensor, norm: Tensor) -> Tensor:
        z = (self.h * (norm - self.mean) / (self.std + _EPS)).clamp(-1, 1)
        theta = cosine.clamp(-1 + _EPS, 1 - _EPS).acos()
        turned = (theta - self.margin * z).clamp(_EPS, math.pi - _EPS)
        return turned.cos() - self.margin * (1 + z)
