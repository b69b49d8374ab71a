"""Losses of each head. Each is a sum over the samples that have the label, over all images.

Divided by the batch's images, not by those that have the label: so the mean over processes is the
loss of the joint batch, whatever each of them was dealt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from training.landmarks.layouts import Layout
from training.landmarks.model import AGES, HEADS
from training.pose import rotation_torch

FAILURE = 0.08
"""Error, in distances between the outer eye corners, from which on a fit has failed."""

WEIGHTS: Mapping[str, float] = {
    "points": 5.0,
    "confidence": 0.1,
    "pose": 0.05,
    "age": 0.25,
    "gender": 0.8,
    "embedding": 2.0,
}
"""Of the tasks' losses in their sum, unless they are learned.

Chosen so that early in training no task's gradients on the backbone dwarf another's: with points
at 10 and an embedding at 1, nothing but the points was learned in the first epoch.
"""


def wing(error: Tensor, w: float, epsilon: float) -> Tensor:
    """Wing loss, element by element (Feng et al. 2018, eq. 5).

    w ln(1 + |x| / ε) for |x| < w, else |x| - C with C = w - w ln(1 + w / ε), which joins the two.
    """
    x = error.abs()
    c = w - w * math.log(1 + w / epsilon)
    return torch.where(x < w, w * torch.log1p(x / epsilon), x - c)


def adaptive_wing(
    error: Tensor, w: float, epsilon: float, theta: float, alpha: float = 2.1
) -> Tensor:
    """Adaptive wing loss for a target of 0, element by element (Wang et al. 2019, eq. 3).

    Below θ it is w ln(1 + |x/ε|^α), whose gradient vanishes at 0, so that noise of the labels
    weighs less; above, a line that joins it smoothly.
    """
    x = error.abs()
    r = theta / epsilon
    a = w / (1 + r**alpha) * alpha * r ** (alpha - 1) / epsilon
    c = theta * a - w * math.log1p(r**alpha)
    return torch.where(x < theta, w * torch.log1p((x / epsilon) ** alpha), a * x - c)


def nme(said: Tensor, points: Tensor, layout: Layout) -> Tensor:
    """Mean error (B,) of points (B, N, 2) over the distance of the outer eye corners."""
    left, right = layout.corners
    between = (points[:, left] - points[:, right]).norm(dim=-1).clamp_min(1e-6)
    return (said - points).norm(dim=-1).mean(dim=1) / between


@dataclass(frozen=True)
class LossPlan:
    """Which losses and how heavy.

    points: "wing" or "adaptive" with w and ε in shares of the crop; those that a network has placed
    count `pseudo` times. pose: "wing" (degrees) or
    "geodesic". weights: of the tasks; a head that is not trained has none.
    """

    points: str = "wing"
    points_w: float = 0.06
    points_epsilon: float = 0.01
    pseudo: float = 1.0
    pose: str = "wing"
    pose_w: float = 10.0
    pose_epsilon: float = 2.0
    age_sigma: float = 2.0
    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))


def losses(
    said: dict[str, Tensor], batch: dict[str, Tensor], layout: Layout, plan: LossPlan
) -> dict[str, Tensor]:
    """ "loss" and each task's own, unweighted, of a batch as `FaceDataset` collates it."""
    images = len(batch["image"])
    tasks: dict[str, Tensor] = {}
    extra: dict[str, Tensor] = {}

    def mean(each: Tensor, mask: str) -> Tensor:
        return (each * batch[mask]).sum() / images

    own = None
    if "points" in said:
        points = said["points"].view(images, -1, 2)
        off = points - batch["points"]
        w, epsilon = plan.points_w, plan.points_epsilon
        if plan.points == "wing":
            each = wing(off, w, epsilon).mean(dim=(1, 2))
        else:
            each = adaptive_wing(off, w, epsilon, theta=w).mean(dim=(1, 2))
        trust = torch.where(batch["truth"] > 0, 1.0, plan.pseudo)
        tasks["points"] = mean(each * trust, "has_points")
        own = nme(points.detach(), batch["points"], layout)
        known = batch["has_points"].sum().clamp_min(1)
        extra["train_nme"] = (own * batch["has_points"]).sum() / known
    if "confidence" in said and own is not None:
        good = ((own < FAILURE) & (batch["has_points"] > 0)).float()
        each = F.binary_cross_entropy_with_logits(said["confidence"][:, 0], good, reduction="none")
        # A face without points says nothing of how well they fit; background does.
        judged = torch.where(batch["face"] > 0, batch["has_points"], torch.ones_like(good))
        tasks["confidence"] = (each * judged).sum() / images
    if "pose" in said:
        if plan.pose == "geodesic":
            each = rotation_torch.geodesic(said["pose"], batch["pose"])
        else:
            each = wing(said["pose"] - batch["pose"], plan.pose_w, plan.pose_epsilon).mean(dim=1)
        tasks["pose"] = mean(each, "has_pose")
    if "age" in said:
        tasks["age"] = mean(age_loss(said, batch["age"], plan.age_sigma), "has_age")
    if "gender" in said:
        each = F.cross_entropy(said["gender"], batch["gender"], reduction="none")
        tasks["gender"] = mean(each, "has_gender")
    if "embedding" in said and "embedding" in batch:
        each = 1 - F.cosine_similarity(said["embedding"], batch["embedding"], dim=1)
        tasks["embedding"] = mean(each, "has_embedding")
    if "log_variance" in said:
        # Kendall et al. 2018, eq. 7, with s = log σ²: exp(-s) L + s / 2.
        s = {name: said["log_variance"][HEADS.index(name)] for name in tasks}
        parts = [
            torch.exp(-s[name]) * plan.weights[name] * loss + s[name] / 2
            for name, loss in tasks.items()
        ]
    else:
        parts = [plan.weights[name] * loss for name, loss in tasks.items()]
    return {"loss": torch.stack(parts).sum(), **tasks, **extra}


def age_loss(said: dict[str, Tensor], age: Tensor, sigma: float) -> Tensor:
    """(B,) of label distribution learning and the expectation's error (Gao et al. 2018).

    The distribution is a Gaussian of `sigma` years around the label; the expectation's error
    counts a tenth a year.
    """
    years = torch.arange(AGES, device=age.device, dtype=age.dtype)
    target = torch.softmax(-((years - age[:, None]) ** 2) / (2 * sigma**2), dim=1)
    cross = -(target * torch.log_softmax(said["age_logits"], dim=1)).sum(dim=1)
    entropy = -(target * torch.log(target.clamp_min(1e-12))).sum(dim=1)
    return cross - entropy + (said["age"][:, 0] - age).abs() / 10
