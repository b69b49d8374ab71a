"""Sub-centre ArcFace (Deng et al. 2020): a class has several centres, a face is near one of them.

Faces under a wrong name gather around a centre of their own and pull less on the others.
"""

from __future__ import annotations

from torch import Tensor

from edge.errors import UsageError
from training.recognition.heads.arcface import ArcFace


class SubCentreArcFace(ArcFace):
    """ArcFace on the largest of each class's `centres` cosines."""

    def __init__(self, scale: float = 64.0, margin: float = 0.5, centres: int = 3) -> None:
        super().__init__(scale, margin)
        if centres < 1:
            raise UsageError(f"centres must be at least 1, not {centres}")
        self.centres = centres

    def pooled(self, cosine: Tensor) -> Tensor:
        return cosine.amax(dim=2)
