"""`tiny_face_detector`: a YOLOv2-like network of separable convolutions, stride 32."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .layers import Conv, Separable, Weights

ANCHORS = (
    (1.603231, 2.094468),
    (6.041143, 7.080126),
    (2.882459, 3.518061),
    (4.266906, 5.178857),
    (9.041765, 10.66308),
)
"""Anchor (width, height) in cells of 32 pixels, as the package states them."""
MEAN_RGB = (117.001, 114.697, 97.404)
SCALE = 255.0


class TinyFaceDetector(nn.Module):
    """(n, 3, h, w) RGB `(x - MEAN_RGB) / 255`, h and w multiples of 32 -> (n, 25, h/32, w/32).

    The 25 planes are five anchors of tx, ty, tw, th, objectness, none of them activated. The
    first convolution has no padding, so its picture lies one pixel inside the input.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.conv0 = Conv(weights["conv0/filters"], weights["conv0/bias"], same=False)
        self.blocks = nn.ModuleList(Separable(weights, f"conv{i}") for i in range(1, 6))
        self.head = Conv(weights["conv8/filters"], weights["conv8/bias"], same=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.conv0(x), 0.1)
        for block in self.blocks:
            # ceil mode is what "same" means for a 2x2 pool at stride 2
            x = F.leaky_relu(block(F.max_pool2d(x, 2, 2, ceil_mode=True)), 0.1)
        # a 2x2 pool at stride 1 repeats nothing: the row and column after the last are -inf
        x = F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=float("-inf")), 2, 1)
        return self.head(x)
