"""The last layers of a backbone: option E of Deng et al. 2019, section 3.1."""

from __future__ import annotations

from torch import nn

ACTIVATIONS = ("prelu", "relu")
"""PReLU is the papers'; it stays in floating point on devices that compute in 8 bits."""

SIDE = 7
"""Places of the last features along each side: 112 halved four times."""


def act_layer(name: str, channels: int) -> nn.Module:
    """One of `ACTIVATIONS`; PReLU has a slope for each channel. ValueError for another name."""
    if name not in ACTIVATIONS:
        raise ValueError(f"activation {name!r} is none of {', '.join(ACTIVATIONS)}")
    return nn.PReLU(channels) if name == "prelu" else nn.ReLU(inplace=True)


def e_head(channels: int, embedding: int, dropout: float) -> nn.Sequential:
    """BN, dropout, fully connected, BN: features (N, channels, 7, 7) to (N, embedding).

    The last normalisation's scale stays 1: what is compared is an angle.
    """
    last = nn.BatchNorm1d(embedding)
    last.weight.requires_grad_(False)
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(channels * SIDE * SIDE, embedding),
        last,
    )


def channels_of(paper: int, width: float) -> int:
    """A width of the paper times `width`, a multiple of 8 and at least 16."""
    return max(16, round(paper * width / 8) * 8)


def initialise(module: nn.Module) -> None:
    """He et al. 2015 for all convolutions."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
