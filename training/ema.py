"""An exponential moving average of a network's weights (Polyak averaging)."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Ema:
    """Holds `module`, a copy whose floating values follow those of the trained network.

    The decay grows with the updates, min(decay, (1 + n) / (10 + n)), so that an early average
    does not remember the initial weights.
    """

    def __init__(self, source: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"EMA decay must be at least 0 and below 1, not {decay}")
        self.decay, self.updates = decay, 0
        self.module = copy.deepcopy(source).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, source: nn.Module) -> None:
        """One step towards `source`, a network of the same shape."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        mine, theirs = self.module.state_dict(), source.state_dict()
        floats = [k for k, v in mine.items() if v.dtype.is_floating_point]
        torch._foreach_lerp_([mine[k] for k in floats], [theirs[k] for k in floats], 1 - decay)
        for key, value in mine.items():
            if not value.dtype.is_floating_point:
                value.copy_(theirs[key])
