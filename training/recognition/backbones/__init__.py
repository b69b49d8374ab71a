"""The networks that turn an aligned face into a vector, by name.

At 112 x 112 and full width, with ReLU (counted by tests/training/recognition/test_backbones.py;
PReLU adds a slope for each channel):

| name          | embedding | million MAC | million parameters |
| ------------- | --------: | ----------: | -----------------: |
| ir50          |       512 |        6309 |              43.58 |
| ir100         |       512 |       12090 |              65.15 |
| irse50        |       512 |        6310 |              43.81 |
| irse100       |       512 |       12090 |              65.52 |
| resnet18      |       512 |        1743 |              24.02 |
| resnet34      |       512 |        3593 |              34.13 |
| mobilefacenet |     128 |         234 |               1.00 |
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from training.recognition.backbones.ehead import ACTIVATIONS
from training.recognition.backbones.ir import DEPTHS as IR_DEPTHS
from training.recognition.backbones.ir import IR
from training.recognition.backbones.resnet import DEPTHS as RESNET_DEPTHS
from training.recognition.backbones.resnet import ResNet
from training.recognition.mobilefacenet import MobileFaceNet

__all__ = ["ACTIVATIONS", "BACKBONES", "EMBEDDINGS", "HAS_E_HEAD"]

EMBEDDINGS = (128, 256, 512)

BACKBONES: dict[str, Callable[..., nn.Module]] = {
    "ir50": partial(IR, IR_DEPTHS[50]),
    "ir100": partial(IR, IR_DEPTHS[100]),
    "irse50": partial(IR, IR_DEPTHS[50], se=True),
    "irse100": partial(IR, IR_DEPTHS[100], se=True),
    "resnet18": partial(ResNet, RESNET_DEPTHS[18]),
    "resnet34": partial(ResNet, RESNET_DEPTHS[34]),
    "mobilefacenet": MobileFaceNet,
}
"""BACKBONES[name](embedding, **options): (N, 3, 112, 112) float32 to (N, embedding).

options: width everywhere; activation and dropout of those in `HAS_E_HEAD`."""

HAS_E_HEAD = frozenset(BACKBONES) - {"mobilefacenet"}
