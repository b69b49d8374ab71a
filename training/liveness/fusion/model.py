"""FaceBagNet's networks (Shen, Huang and Tong, CVPR Workshops 2019): patches of three sensors.

Each modality has a stem and two stages of its own; their features are weighed by channel, joined,
and go through two further stages. All stages are of SE-ResNeXt units (Xie et al. 2017, Hu et al.
2018) of 32 groups. The three designs differ in their units: A small, B deeper, C deepest.

A modality that is absent is zeros: the training shows the networks that (`modalities.drop`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.errors import CheckpointError
from training.liveness.fusion.modalities import MODALITIES
from training.recognition.backbones.ir import SqueezeExcitation

UNITS = {"A": (2, 2, 2, 2), "B": (2, 4, 4, 2), "C": (3, 4, 4, 3)}
"""Units of each stage; the first two stages are each modality's own."""
GROUPS = 32
EXPANSION = 4
LEAST_WIDTH = GROUPS // 2
CLASSES = ("attack", "live")
LIVE = CLASSES.index("live")


@dataclass(frozen=True)
class Design:
    """kind: of `UNITS`. patch: side, pixels. width: of the first stage; 64 is FaceBagNet's."""

    kind: str = "A"
    patch: int = 32
    width: int = 64

    def __post_init__(self) -> None:
        if self.kind not in UNITS:
            raise ValueError(f"a network is one of {', '.join(UNITS)}, not {self.kind!r}")
        if self.patch < 16:
            raise ValueError(f"a patch has at least 16 pixels a side, not {self.patch}")
        if self.width < LEAST_WIDTH or self.width % LEAST_WIDTH:
            raise ValueError(f"the width is a multiple of {LEAST_WIDTH}, not {self.width}")

    def build(self) -> FusionNet:
        """An untrained network."""
        return FusionNet(self)

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's description."""
        return {"kind": self.kind, "patch": self.patch, "width": self.width}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Design:
        """The inverse of `plain`. Raises CheckpointError."""
        try:
            return cls(str(plain["kind"]), int(plain["patch"]), int(plain["width"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"not a fusion network's description: {error!r}") from error


class Unit(nn.Module):
    """1 x 1, grouped 3 x 3, 1 x 1 and squeeze-and-excitation, with a way around them."""

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        inside, outputs = 2 * planes, EXPANSION * planes
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, inside, 1, bias=False),
            nn.BatchNorm2d(inside),
            nn.ReLU(inplace=True),
            nn.Conv2d(inside, inside, 3, stride, 1, groups=GROUPS, bias=False),
            nn.BatchNorm2d(inside),
            nn.ReLU(inplace=True),
            nn.Conv2d(inside, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            SqueezeExcitation(outputs),
        )
        self.around: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.around = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.layers(x) + self.around(x))


def _stage(inputs: int, planes: int, units: int, stride: int) -> nn.Sequential:
    rest = [Unit(EXPANSION * planes, planes, 1) for _ in range(units - 1)]
    return nn.Sequential(Unit(inputs, planes, stride), *rest)


class Branch(nn.Module):
    """One modality's patch (N, 3, S, S) 0..1 to features (N, 8 · width, S/8, S/8)."""

    def __init__(self, width: int, units: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(3),
            nn.Conv2d(3, width, 7, 2, 3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
            _stage(width, width, units[0], 1),
            _stage(EXPANSION * width, 2 * width, units[1], 2),
            SqueezeExcitation(2 * EXPANSION * width),
        )

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layers(x)
        return found


class FusionNet(nn.Module):
    """colour, depth, ir (N, 3, S, S) float32 0..1, RGB, to logits (N, 2): attack and live."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        units, width = UNITS[design.kind], design.width
        self.branches = nn.ModuleDict({name: Branch(width, units) for name in MODALITIES})
        joined = 6 * width
        self.joint = nn.Sequential(
            nn.Conv2d(2 * EXPANSION * width * len(MODALITIES), joined, 1, bias=False),
            nn.BatchNorm2d(joined),
            nn.ReLU(inplace=True),
            _stage(joined, 4 * width, units[2], 2),
            _stage(EXPANSION * 4 * width, 8 * width, units[3], 2),
        )
        self.answer = nn.Sequential(
            nn.Dropout(0.5),
            nn.Linear(EXPANSION * 8 * width, 4 * width),
            nn.ReLU(inplace=True),
            nn.Linear(4 * width, len(CLASSES)),
        )

    def forward(self, colour: Tensor, depth: Tensor, ir: Tensor) -> Tensor:
        given = dict(zip(MODALITIES, (colour, depth, ir), strict=True))
        features = [self.branches[name](given[name]) for name in MODALITIES]
        found: Tensor = self.answer(self.joint(torch.cat(features, dim=1)).mean((-2, -1)))
        return found


def unpacked(patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The network's three inputs of patches (N, 9, S, S) uint8: colour, depth and ir."""
    colour, depth, ir = patches.float().div(255).split(3, dim=1)
    return colour, depth, ir


def load(description: dict[str, Any], weights: dict[str, Tensor]) -> FusionNet:
    """The network of a checkpoint, ready to answer. Raises CheckpointError."""
    net = Design.of(description).build()
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"weights of another design: {error}") from error
    return net.eval()
