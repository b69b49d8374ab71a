"""ResNet-18 and ResNet-34 (He et al. 2016) for faces of 112 x 112, with the E head.

As the faces are small, the stem is a 3x3 convolution without stride and without pooling, and each
stage halves the side. All that a device runs here is 3x3 convolutions, whose normalisation folds
into them.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from training.recognition.backbones.ehead import act_layer, channels_of, e_head, initialise

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
"""Blocks of each stage."""
WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut; the first one strides."""

    def __init__(self, inputs: int, outputs: int, stride: int, act: str) -> None:
        super().__init__()
        last = nn.BatchNorm2d(outputs)
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            act_layer(act, outputs),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            last,
        )
        self.after = act_layer(act, outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        else:
            # Begins as the identity (Goyal et al. 2017): the loss falls sooner.
            nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.after(self.layers(x) + self.shortcut(x))
        return y


class ResNet(nn.Module):
    """(N, 3, 112, 112) float32 to (N, embedding), not of unit length.

    depths: blocks of the four stages. width: multiple of the paper's channels.
    """

    def __init__(
        self,
        depths: Sequence[int],
        embedding: int = 512,
        activation: str = "relu",
        *,
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
                layers.append(BasicBlock(inputs, outputs, 2 if i == 0 else 1, activation))
                inputs = outputs
        self.backbone = nn.Sequential(*layers)
        self.head = e_head(inputs, embedding, dropout)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.head(self.backbone(x))
        return embedding
