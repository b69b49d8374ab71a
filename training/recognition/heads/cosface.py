"""CosFace (Wang et al. 2018): the cosine to the own class counts for m less."""

from __future__ import annotations

from torch import Tensor

from training.recognition.heads.margin import MarginHead, margin_in_bounds


class CosFace(MarginHead):
    """cos(theta) - m."""

    def __init__(self, scale: float = 64.0, margin: float = 0.35) -> None:
        super().__init__(scale)
        self.margin = margin_in_bounds(margin, 1.0)

    def own(self, cosine: Tensor, norm: Tensor) -> Tensor:
        return cosine - self.margin
