"""Parts that more than one network is built of."""

from __future__ import annotations

from torch import Tensor, nn


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut; the first one strides."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.a = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.a_norm = nn.BatchNorm2d(outside)
        self.b = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.b_norm = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inside != outside:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )
        else:
            # Begins as the identity (Goyal et al. 2017): the loss falls sooner.
            nn.init.zeros_(self.b_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.a_norm(self.a(x)))
        return self.relu(self.b_norm(self.b(y)) + self.shortcut(x))
