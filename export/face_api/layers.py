"""The few layers that these networks share, with TensorFlow's padding.

TensorFlow's "same" padding at stride 2 adds the odd row and column *after* the picture. A
symmetric `padding=1` has the same shape but reads every pixel one place off.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

Weights = Mapping[str, np.ndarray]


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Rows (or columns) to add before and after, as TensorFlow's "same" does.

    The output has ceil(size / stride) places; when the total is odd the extra one goes after.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad_same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """`x` (n, c, h, w) padded with zeros so that a valid convolution equals a "same" one."""
    top, bottom = same_padding(x.shape[2], kernel, stride)
    left, right = same_padding(x.shape[3], kernel, stride)
    return F.pad(x, (left, right, top, bottom)) if top + bottom + left + right else x


class Conv(nn.Module):
    """Convolution with bias from `filters` (kh, kw, in, out).

    Args:
        scale: per-channel factor folded into filters and bias (None: 1).
        shift: per-channel addend, folded in after the factor (None: 0).
        same: pad as "same"; otherwise no padding.
    """

    def __init__(
        self,
        filters: np.ndarray,
        bias: np.ndarray,
        stride: int = 1,
        *,
        same: bool = True,
        scale: np.ndarray | None = None,
        shift: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        weight = torch.from_numpy(filters).permute(3, 2, 0, 1).double()
        offset = torch.from_numpy(bias).double()
        if scale is not None:
            factor = torch.from_numpy(scale).double()
            weight, offset = weight * factor[:, None, None, None], offset * factor
        if shift is not None:
            offset = offset + torch.from_numpy(shift).double()
        self.weight = nn.Parameter(weight.float().contiguous())
        self.bias = nn.Parameter(offset.float())
        self.stride, self.same = stride, same

    def forward(self, x: Tensor) -> Tensor:
        if not self.same:
            return F.conv2d(x, self.weight, self.bias, self.stride)
        kernel = self.weight.shape[2]
        if self.stride == 1:  # symmetric for odd kernels: keep it inside the convolution
            return F.conv2d(x, self.weight, self.bias, 1, kernel // 2)
        return F.conv2d(pad_same(x, kernel, self.stride), self.weight, self.bias, self.stride)


class Separable(nn.Module):
    """Depthwise 3x3 ("same") then pointwise 1x1 with bias, read from `weights` under `name`."""

    def __init__(self, weights: Weights, name: str, stride: int = 1) -> None:
        super().__init__()
        depthwise = torch.from_numpy(weights[f"{name}/depthwise_filter"]).permute(2, 3, 0, 1)
        self.depthwise = nn.Parameter(depthwise.contiguous())
        self.pointwise = Conv(weights[f"{name}/pointwise_filter"], weights[f"{name}/bias"])
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        groups = self.depthwise.shape[0]
        if self.stride == 1:
            x = F.conv2d(x, self.depthwise, None, 1, 1, groups=groups)
        else:
            x = F.conv2d(
                pad_same(x, 3, self.stride), self.depthwise, None, self.stride, groups=groups
            )
        return self.pointwise(x)
