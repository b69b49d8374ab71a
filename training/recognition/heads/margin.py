"""What all margin heads share: cosines in, logits out, only the own class's is changed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.errors import UsageError


class MarginHead(nn.Module):
    """Logits from the cosines between embeddings and class centres.

    Called with
        cosine: (N, C, centres), any floating type; computed in float32 all the same, since the
            angles of half precision are too coarse beside a scale of 64.
        label: (N,) int64, the column of each row's own class; -1 where it is not among these C,
            which then are all others (`training.recognition.partial_fc`).
        norm: (N,) lengths of the embeddings; only `AdaFace` looks at them.
    Returns logits (N, C) float32.

    scale: s, the largest logit. Raises UsageError for a scale that is not positive.
    """

    centres = 1

    def __init__(self, scale: float) -> None:
        super().__init__()
        if not scale > 0:
            raise UsageError(f"scale must be above 0, not {scale:g}")
        self.scale = scale

    def forward(self, cosine: Tensor, label: Tensor, norm: Tensor) -> Tensor:
        cosine = self.pooled(cosine.float())
        rows = torch.nonzero(label >= 0).flatten()
        place = (rows, label[rows])
        own = self.own(cosine[place], norm.float()[rows])
        return (self.scale * cosine).index_put(place, self.scale * own)

    def pooled(self, cosine: Tensor) -> Tensor:
        """(N, C, centres) to (N, C)."""
        return cosine.squeeze(2)

    def own(self, cosine: Tensor, norm: Tensor) -> Tensor:
        """What takes the place of the own class's cosine: (n,), (n,) to (n,)."""
        raise NotImplementedError


def margin_in_bounds(margin: float, most: float) -> float:
    """The margin; UsageError unless it is 0..most."""
    if not 0 <= margin <= most:
        raise UsageError(f"margin must be 0 to {most:g}, not {margin:g}")
    return margin
