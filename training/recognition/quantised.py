"""8 bits while training, so that weights settle where rounding costs little (Jacob et al. 2018).

Weights are rounded per output channel, symmetric; what a convolution is given, and what one
without an activation gives, to 256 levels between the batch's least and greatest value. Gradients
pass as if nothing had been rounded. Nothing is added to the network's state: the exporter
calibrates and quantises the trained weights like any others.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RoundedConv2d(nn.Conv2d):
    """A convolution as the device computes it; made by `prepare`."""

    round_output: bool

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            given = levels(x.float())
            weight = channels(self.weight.float())
        out = self._conv_forward(given, weight, self.bias)
        return levels(out.float()) if self.round_output else out


def prepare(net: nn.Module) -> None:
    """Makes every convolution of `net` a `RoundedConv2d`, in place."""
    for parent in net.modules():
        children = list(parent.children())
        for i, layer in enumerate(children):
            if type(layer) is not nn.Conv2d:
                continue
            followed = any(isinstance(m, nn.ReLU | nn.ReLU6 | nn.BatchNorm2d) for m in children[i:])
            layer.__class__ = RoundedConv2d
            layer.round_output = not followed  # type: ignore[assignment]


def levels(x: Tensor) -> Tensor:
    """`x` rounded to 256 levels that hold 0 exactly."""
    low, high = torch.aminmax(x.detach())
    low, high = low.clamp(max=0.0), high.clamp(min=0.0)
    scale = ((high - low) / 255).clamp(min=1e-8)
    zero = torch.round(-low / scale)
    return torch.fake_quantize_per_tensor_affine(x, scale, zero.to(torch.int32), 0, 255)


def channels(weight: Tensor) -> Tensor:
    """(O, I, h, w) rounded to -127..127 steps of each output channel's own size."""
    scale = (weight.detach().abs().amax(dim=(1, 2, 3)) / 127).clamp(min=1e-8)
    zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -127, 127)
