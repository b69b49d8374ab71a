"""What a recogniser is built from, and how it is stored in a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from edge.errors import UsageError
from edge.packs.schema import InputSpec
from training.errors import CheckpointError
from training.recognition import crops
from training.recognition.backbones import BACKBONES

LEAST_LENGTH = 1e-3
"""Of an embedding: what a shorter one points to is noise, and the slope of its direction, which has
no bound, would not fit in 16 bits."""


@dataclass(frozen=True)
class Design:
    """A backbone and its input.

    backbone: one of `BACKBONES`. embedding: numbers of the vector. scale: of the grey levels, one
    of `crops.SCALES`. options: what else the backbone's constructor takes.

    Raises UsageError for values out of bounds.
    """

    backbone: str = "mobilefacenet"
    embedding: int = 128
    scale: str = "grey"
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise UsageError(f"backbone {self.backbone!r} is none of {', '.join(BACKBONES)}")
        if not 16 <= self.embedding <= 2048:
            raise UsageError(f"an embedding has 16 to 2048 numbers, not {self.embedding}")
        if self.scale not in crops.SCALES:
            raise UsageError(f"scale {self.scale!r} is none of {', '.join(crops.SCALES)}")

    @property
    def spec(self) -> InputSpec:
        """The network's input, for the manifest."""
        return crops.input_spec(self.scale)

    def build(self) -> nn.Module:
        """An untrained network, (N, 3, 112, 112) float32 to (N, embedding), not of unit length."""
        return BACKBONES[self.backbone](self.embedding, **self.options)

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's description."""
        return {
            "backbone": self.backbone,
            "embedding": self.embedding,
            "scale": self.scale,
            "options": dict(self.options),
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Design:
        """The inverse of `plain`. Raises CheckpointError."""
        try:
            return cls(
                plain["backbone"], int(plain["embedding"]), plain["scale"], dict(plain["options"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"not a recogniser's description: {error!r}") from error


def normalised(image: Tensor, scale: str) -> Tensor:
    """(N, 3, 112, 112) uint8 RGB as `Design.spec` says."""
    mean, std = (torch.tensor(v, device=image.device)[:, None, None] for v in crops.SCALES[scale])
    value = (image.float() - mean) / std
    return value.contiguous(memory_format=torch.channels_last)
