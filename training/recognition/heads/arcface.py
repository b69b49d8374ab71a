"""ArcFace (Deng et al. 2019): an angle more between a face and its own class."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from training.recognition.heads.margin import MarginHead, margin_in_bounds

_LEAST = 1e-12
"""Of 1 - cos²: below it the root's slope, which has no bound, is taken as 0."""


class ArcFace(MarginHead):
    """cos(theta + m); beyond theta = pi - m, where that would rise again, cos(theta) - m sin(m).

    The continuation is that of the authors' code: the logit never rises with the angle.
    """

    def __init__(self, scale: float = 64.0, margin: float = 0.5) -> None:
        super().__init__(scale)
        self.margin = margin_in_bounds(margin, math.pi / 2)

    def own(self, cosine: Tensor, norm: Tensor) -> Tensor:
        m = self.margin
        cosine = cosine.clamp(-1, 1)
        sine = (1 - cosine.square()).clamp_min(_LEAST).sqrt()
        moved = cosine * math.cos(m) - sine * math.sin(m)
        return torch.where(cosine > math.cos(math.pi - m), moved, cosine - m * math.sin(m))
