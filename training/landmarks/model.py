"""`FaceNet`: one residual backbone and the heads that a training asks for.

Plain 3x3 convolutions with batch normalisation and ReLU (He et al. 2016): they train fast on a CPU
and run well in 8 bits. Points, confidence and pose are read from the 7 x 7 features as they lie,
without pooling, since places are the answer; age and gender from the features' mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from training.blocks import Block
from training.errors import CheckpointError

HEADS = ("points", "confidence", "pose", "age", "gender", "embedding")
PLACED = {"points", "confidence", "pose"}
"""Heads that read the features as they lie."""

ROLES = {
    "landmarks": ("points", "confidence", "pose"),
    "age_gender": ("age", "gender"),
    "pose": ("pose",),
}
"""What each exported network says: the device's landmarks know nothing of age or gender."""

AGES = 117
"""Classes of age, 0..116 years."""

LEAST_STEM = 16
"""Channels of the first convolution. With fewer, and channels last, torch 2.13 writes beyond its
buffer when it computes the gradient on a CPU with AVX-512, and crashes later and elsewhere."""

POSE_SCALE = 30.0
"""Degrees of one unit of the pose head, so that its weights start at the right size."""


def _conv(inside: int, outside: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


def _small(inside: int, hidden: int, outside: int, drop: float = 0.0) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inside, hidden), nn.ReLU(inplace=True), nn.Dropout(drop),
        nn.Linear(hidden, outside),
    )  # fmt: skip


class FaceNet(nn.Module):
    """(B, 3, 112, 112) to a dictionary of what the heads say.

    points (B, 2N) in 0..1 of the crop; confidence (B, 1), a logit; pose (B, 3) yaw, pitch, roll in
    degrees; age (B, 1) years and age_logits (B, 117); gender (B, 2) logits, index 0 male; embedding
    (B, D); log_variance (T,), one for each task, when `uncertainty` is on.

    Args:
        heads: some of `HEADS`.
        count: points N.
        widths: channels at strides 2, 4, 8, 16.
        blocks: residual blocks at strides 4, 8, 16.
        attributes: channels of the branch of age, gender and embedding.
        embedding: length D of the teacher's vectors.
        uncertainty: whether the tasks' weights are learned (Kendall et al. 2018).
    """

    years: Tensor

    def __init__(
        self,
        heads: Sequence[str] = HEADS,
        *,
        count: int = 68,
        widths: Sequence[int] = (24, 48, 96, 192),
        blocks: Sequence[int] = (1, 1, 2),
        attributes: int = 256,
        embedding: int = 128,
        uncertainty: bool = False,
    ) -> None:
        super().__init__()
        unknown = set(heads) - set(HEADS)
        if unknown or not heads:
            raise ValueError(f"heads must be some of {', '.join(HEADS)}, not {list(heads)}")
        if widths[0] < LEAST_STEM:
            raise ValueError(f"the first width must be at least {LEAST_STEM}, not {widths[0]}")
        self.heads = tuple(h for h in HEADS if h in heads)
        self._made = {
            "heads": list(self.heads),
            "count": count,
            "widths": list(widths),
            "blocks": list(blocks),
            "attributes": attributes,
            "embedding": embedding,
            "uncertainty": uncertainty,
        }
        layers: list[nn.Module] = [_conv(3, widths[0], 3, 2)]
        inside = widths[0]
        for width, depth in zip(widths[1:], blocks, strict=True):
            for i in range(depth):
                layers.append(Block(inside, width, 2 if i == 0 else 1))
                inside = width
        self.backbone = nn.Sequential(*layers)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        if PLACED & set(self.heads):
            self.placed = nn.Sequential(_conv(inside, 48, 1), nn.Flatten())
        if "points" in self.heads:
            self.points = nn.Linear(48 * 49, 2 * count)
            nn.init.constant_(self.points.bias, 0.5)
        if "confidence" in self.heads:
            self.confidence = _small(48 * 49, 64, 1)
        if "pose" in self.heads:
            self.pose = _small(48 * 49, 64, 3)
        if {"age", "gender", "embedding"} & set(self.heads):
            self.attributes = _conv(inside, attributes, 3)
        if "age" in self.heads:
            self.age = _small(attributes, 128, AGES, 0.2)
            self.register_buffer("years", torch.arange(AGES, dtype=torch.float32)[:, None])
        if "gender" in self.heads:
            self.gender = _small(attributes, 64, 2, 0.2)
        if "embedding" in self.heads:
            self.embedding = nn.Linear(attributes, embedding)
        if uncertainty:
            self.log_variance = nn.Parameter(torch.zeros(len(HEADS)))

    def description(self) -> dict[str, Any]:
        """Arguments from which `build` makes the same network again."""
        return dict(self._made)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        features = self.backbone(image)
        branch = self.attributes(features) if hasattr(self, "attributes") else None
        # Coordinates and years need more digits than bfloat16 has.
        with torch.autocast(image.device.type, enabled=False):
            said = self.read(features.float(), None if branch is None else branch.float())
        if hasattr(self, "log_variance"):
            said["log_variance"] = self.log_variance
        return said

    def read(self, features: Tensor, branch: Tensor | None) -> dict[str, Tensor]:
        """What the heads say of the backbone's features (B, C, 7, 7)."""
        said: dict[str, Tensor] = {}
        if hasattr(self, "placed"):
            placed = self.placed(features)
            if hasattr(self, "points"):
                said["points"] = self.points(placed)
            if hasattr(self, "confidence"):
                said["confidence"] = self.confidence(placed)
            if hasattr(self, "pose"):
                said["pose"] = self.pose(placed) * POSE_SCALE
        if branch is not None:
            pooled = self.pool(branch)
            if hasattr(self, "age"):
                said["age_logits"] = self.age(pooled)
                said["age"] = torch.softmax(said["age_logits"], dim=1) @ self.years
            if hasattr(self, "gender"):
                said["gender"] = self.gender(pooled)
            if hasattr(self, "embedding"):
                said["embedding"] = self.embedding(pooled)
        return said


class Exported(nn.Module):
    """The part of a `FaceNet` that one role needs: a tuple of outputs, in `outputs`' order.

    `confidence` is a probability here, 0..1: that the points lie within 8 % of the distance
    between the eyes.
    """

    def __init__(self, net: FaceNet, role: str) -> None:
        super().__init__()
        self.outputs = tuple(h for h in ROLES[role] if h in net.heads)
        self.net = net

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        net = self.net
        features = net.backbone(image)
        branch = net.attributes(features) if {"age", "gender"} & set(self.outputs) else None
        said = net.read(features, branch)
        if "confidence" in self.outputs:
            said["confidence"] = torch.sigmoid(said["confidence"])
        return tuple(said[name] for name in self.outputs)


def outputs_of(net: FaceNet, role: str) -> Exported:
    """The sub-network for a role of the pack, without the heads that are none of its business.

    Raises CheckpointError for an unknown role or a network that lacks a head of it.
    """
    if role not in ROLES:
        raise CheckpointError(f"no role {role!r} in this network; known: {', '.join(ROLES)}")
    lacking = [h for h in ROLES[role] if h not in net.heads]
    if lacking:
        raise CheckpointError(
            f"role {role!r} needs heads {', '.join(lacking)}, which were not trained"
        )
    kept = {**net.description(), "heads": list(ROLES[role]), "uncertainty": False}
    part = FaceNet(**kept)
    own = net.state_dict()
    part.load_state_dict({name: own[name] for name in part.state_dict()})
    return Exported(part.eval(), role)


def build(description: dict[str, Any], weights: dict[str, Tensor] | None = None) -> FaceNet:
    """The network of a checkpoint. Raises CheckpointError when they do not belong together."""
    try:
        net = FaceNet(**description["net"])
        if weights is not None:
            net.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"not a checkpoint of this network: {error}") from error
    return net
