"""ResNet-18 on small patches, from scratch, and what makes one answer of a face of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge.errors import UsageError
from edge.packs.schema import BoxFit, InputSpec
from training import checkpoint
from training.blocks import Block
from training.errors import CheckpointError
from training.liveness.model import CLASSES, LIVE
from training.liveness.patches.views import View, cut

TASK = "liveness patches"
"""What a checkpoint of this network says it is of."""
PATCHES = (32, 48, 64)
FACE = 112
"""Side of the face that patches are cut from, pixels."""


@dataclass(frozen=True)
class Design:
    """patch: side of what the network is shown, pixels, in training and ever after. scale: side of
    the square around the face's box, in box sizes. widths: channels of the four stages.
    """

    patch: int = 32
    scale: float = 1.0
    widths: tuple[int, ...] = (64, 128, 256, 512)
    dropout: float = 0.5

    def __post_init__(self) -> None:
        """Raises UsageError."""
        if not 8 <= self.patch <= FACE:
            raise UsageError(f"a patch has 8 to {FACE} pixels a side, not {self.patch}")
        if not 0.5 <= self.scale <= 4:
            raise UsageError(f"scale must be 0.5 to 4 box sizes, not {self.scale:g}")
        if not self.widths or min(self.widths) < 1:
            raise UsageError(f"widths must be channels of at least one stage, not {self.widths}")

    @property
    def spec(self) -> InputSpec:
        """The face that patches are cut from: RGB, 0..1; the frame's edge pixel lies beyond it."""
        return InputSpec(
            name="image",
            width=FACE,
            height=FACE,
            colour="rgb",
            mean=(0.0,) * 3,
            std=(255.0,) * 3,
            fit=BoxFit(kind="box", scale=self.scale),
        )

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's description."""
        return {
            "patch": self.patch,
            "face": FACE,
            "scale": self.scale,
            "widths": list(self.widths),
            "dropout": self.dropout,
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Design:
        """The inverse of `plain`. Raises CheckpointError."""
        try:
            if plain["face"] != FACE:
                raise ValueError(f"a face of {plain['face']} pixels")
            return cls(
                int(plain["patch"]),
                float(plain["scale"]),
                tuple(int(v) for v in plain["widths"]),
                float(plain["dropout"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"not a description of a patch network: {error!r}") from error


class PatchNet(nn.Module):
    """(N, 3, patch, patch) float32 RGB 0..1 to logits (N, 2), attack and live.

    Batch normalisation comes first, in the place of a mean and deviation chosen by hand.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        first, *_ = design.widths
        self.shown = nn.BatchNorm2d(3)
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 3, padding=1, bias=False), nn.BatchNorm2d(first)
        )
        stages, inside = [], first
        for i, width in enumerate(design.widths):
            stages += [Block(inside, width, 1 if i == 0 else 2), Block(width, width, 1)]
            inside = width
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(design.dropout)
        self.answer = nn.Linear(inside, len(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        # The design's size alone: a net trained on one size answers other sizes, and worse.
        if x.shape[2:] != (self.design.patch, self.design.patch):
            raise ValueError(f"patches of {self.design.patch} pixels, not {tuple(x.shape[2:])}")
        x = F.max_pool2d(torch.relu(self.stem(self.shown(x))), 2)
        x = F.adaptive_avg_pool2d(self.stages(x), 1).flatten(1)
        logits: Tensor = self.answer(self.dropout(x))
        return logits


class FaceNet(nn.Module):
    """(N, 3, 112, 112) float32 RGB 0..1 to (N, 2), whose softmax is the mean over nets and views.

    nets: of one design; several are an ensemble.
    """

    def __init__(self, nets: list[PatchNet], views: tuple[View, ...]) -> None:
        super().__init__()
        if len({net.design for net in nets}) != 1:
            raise CheckpointError("networks of one design are needed, for one crop is cut")
        self.nets, self.views, self.design = nn.ModuleList(nets), views, nets[0].design

    def forward(self, faces: Tensor) -> Tensor:
        patches = cut(faces, self.design.patch, self.views)
        said = torch.stack([net(patches).softmax(1) for net in self.nets]).mean(0)
        means = said.reshape(len(self.views), -1, len(CLASSES)).mean(0)
        return means.clamp_min(1e-12).log()


def load(path: Path) -> PatchNet:
    """The network of a checkpoint, ready to answer. Raises CheckpointError."""
    content = checkpoint.read(path)
    if content["task"] != TASK:
        raise CheckpointError(f"{path}: is of {content['task']!r}, not of {TASK!r}")
    return restored(content["description"], content["ema"])


def restored(description: Mapping[str, Any], weights: Mapping[str, Tensor]) -> PatchNet:
    """The network of a checkpoint's content, ready to answer. Raises CheckpointError."""
    net = PatchNet(Design.of(description))
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"weights of another design: {error}") from error
    return net.eval()


def ensemble(run: Path) -> list[Path]:
    """The best checkpoints of each cycle of a run, in order. Raises CheckpointError."""
    found = sorted(run.glob("cycle-*-best.ckpt"), key=lambda p: int(p.name.split("-")[1]))
    if not found:
        raise CheckpointError(f"{run}: no cycle-N-best.ckpt in it; it is no run with cycles")
    return found


@torch.no_grad()
def scores(net: FaceNet, faces: Tensor, batch: int = 32) -> Tensor:
    """Live scores (N,) float32 0..1 of faces (N, 3, 112, 112) uint8 RGB."""
    net.eval()
    device = next(net.parameters()).device
    parts = [faces[i : i + batch].to(device).float() / 255 for i in range(0, len(faces), batch)]
    return torch.cat([net(part).float().softmax(1)[:, LIVE].cpu() for part in parts])
