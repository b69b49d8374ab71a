"""The spectrum of a crop, which a network learns to tell beside its answer.

A print's dots and a screen's grid show in the spectrum better than in any one pixel; a network that
must be able to draw the spectrum has to look at them (Minivision's Silent-Face-Anti-Spoofing,
2020). The branch that draws it is left out of what is exported.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def spectrum(image: Tensor, side: int) -> Tensor:
    """(N, 1, side, side) in 0..1 of crops (N, 3, H, W) in -1..1: logarithm of the magnitude.

    The mean is in the middle; each picture is scaled to its own largest value.
    """
    grey = image.float().mean(dim=1, keepdim=True)
    whole = torch.fft.fftshift(torch.fft.fft2(grey), dim=(-2, -1)).abs().log1p()
    small = F.adaptive_avg_pool2d(whole, side)
    low, high = small.amin((-2, -1), keepdim=True), small.amax((-2, -1), keepdim=True)
    return (small - low) / (high - low).clamp(min=1e-6)
