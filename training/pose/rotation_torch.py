"""The rotation of `training.pose.rotation` for tensors, and the geodesic loss on it."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def matrix_of(pose: Tensor) -> Tensor:
    """(B, 3, 3) of (B, 3) yaw, pitch, roll in degrees: P(pitch) · Y(yaw) · Z(roll)."""
    yaw, pitch, roll = (pose * (math.pi / 180)).unbind(dim=1)
    cy, sy, cp, sp = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()
    cr, sr = roll.cos(), roll.sin()
    rows = [
        torch.stack([cy * cr, -cy * sr, sy], dim=1),
        torch.stack([cp * sr + sp * sy * cr, cp * cr - sp * sy * sr, -sp * cy], dim=1),
        torch.stack([sp * sr - cp * sy * cr, sp * cr + cp * sy * sr, cp * cy], dim=1),
    ]
    return torch.stack(rows, dim=1)


def geodesic(a: Tensor, b: Tensor) -> Tensor:
    """(B,) degrees between poses (B, 3): arccos((tr(RᵀS) - 1) / 2) (Hempel et al. 2022).

    Computed as 2 arcsin(|R - S| / (2√2)), the same angle, whose gradient stays finite near 0
    after smoothing by a thousandth.
    """
    apart = (matrix_of(a) - matrix_of(b)).pow(2).sum(dim=(1, 2))
    half = ((apart + 1e-6) / 8).sqrt().clamp_max(0.9999)
    return 2 * torch.asin(half) * (180 / math.pi)
