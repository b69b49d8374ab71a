"""The detector: a backbone, a small feature pyramid, and a head of planes on each level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge.errors import UsageError
from edge.packs.schema import FrameFit, InputSpec, YoloLevel, YoloLevelsHead
from training.detector.backbones import BACKBONES, Unit, leaky
from training.errors import CheckpointError

STRIDES = (8, 16, 32)
OUTPUTS = tuple(f"planes{stride}" for stride in STRIDES)
BORDER = 127.5
"""Grey of the letterbox: zero after normalisation, as the convolutions' own padding."""
NMS_IOU = 0.4
"""Of two boxes that overlap by more, the fainter is dropped."""
PRIOR = 0.002
"""What an untrained head answers; without it the many empty cells drown the faces at first."""

Anchors = tuple[tuple[tuple[float, float], ...], ...]
DEFAULT_ANCHORS: Anchors = (
    ((15.0, 20.0), (25.0, 34.0)),
    ((40.0, 54.0), (62.0, 84.0)),
    ((96.0, 128.0), (150.0, 200.0)),
)


@dataclass(frozen=True)
class Design:
    """What the network is built from.

    backbone: one of `BACKBONES`. width, height: of the input, pixels, multiples of 32. anchors:
    for strides 8, 16, 32, the (width, height) of each anchor in input pixels.

    Raises UsageError for values out of bounds.
    """

    backbone: str = "edge"
    width: int = 320
    height: int = 256
    anchors: Anchors = DEFAULT_ANCHORS

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise UsageError(f"backbone {self.backbone!r} is none of {', '.join(BACKBONES)}")
        for name in ("width", "height"):
            value = getattr(self, name)
            if value < 32 or value % STRIDES[-1]:
                raise UsageError(f"input {name} must be a multiple of 32, not {value}")
        if len(self.anchors) != len(STRIDES) or not all(self.anchors):
            raise UsageError("there must be anchors for each of three levels")
        if min(v for level in self.anchors for pair in level for v in pair) <= 0:
            raise UsageError("an anchor's width and height must be above 0")

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's description."""
        return {
            "backbone": self.backbone,
            "width": self.width,
            "height": self.height,
            "anchors": [[list(pair) for pair in level] for level in self.anchors],
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Design:
        """The inverse of `plain`. Raises CheckpointError."""
        try:
            anchors = tuple(tuple((float(w), float(h)) for w, h in lv) for lv in plain["anchors"])
            return cls(plain["backbone"], int(plain["width"]), int(plain["height"]), anchors)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"not a detector's description: {error!r}") from error

    @property
    def spec(self) -> InputSpec:
        """How a frame becomes the input: letterbox on grey, RGB, -1..1."""
        return InputSpec(
            name="image",
            width=self.width,
            height=self.height,
            colour="rgb",
            mean=(127.5,) * 3,
            std=(127.5,) * 3,
            fit=self.fit,
        )

    @property
    def fit(self) -> FrameFit:
        """The letterbox of `spec`."""
        return FrameFit(kind="letterbox", border=BORDER)

    def head(self, threshold: float, *, second: float | None = None) -> YoloLevelsHead:
        """How the device decodes the outputs. second: of further faces, at least `threshold`."""
        return YoloLevelsHead(
            kind="yolo_levels",
            levels=tuple(
                YoloLevel(output=output, anchors=self.cells(level))
                for level, output in enumerate(OUTPUTS)
            ),
            score_threshold=threshold,
            second_threshold=threshold if second is None else second,
            iou_threshold=NMS_IOU,
        )

    def cells(self, level: int) -> tuple[tuple[float, float], ...]:
        """Anchors of a level in its grid cells, as `native.decode_yolo` takes them."""
        stride = STRIDES[level]
        return tuple((w / stride, h / stride) for w, h in self.anchors[level])


class Detector(nn.Module):
    """Input (N, 3, height, width) float32, as `Design.spec` says; three outputs, stride 8 first.

    Each output is (N, A * 5, height / stride, width / stride), per anchor the planes tx, ty, tw,
    th, to: x = (column + sigmoid(tx)) cells, w = exp(tw) * anchor, score = sigmoid(to)
    (Redmon and Farhadi 2017), which is what `native.decode_yolo` reads.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        self.backbone = BACKBONES[design.backbone]()
        low, mid, top = self.backbone.channels
        act = nn.ReLU if design.backbone == "edge" else leaky
        # The pyramid is as wide as the finer map it is added to (Lin et al. 2017, narrower).
        self.lateral = nn.ModuleList([Unit(top, mid, 1, act=act), Unit(mid, low, 1, act=act)])
        self.smooth = nn.ModuleList([Unit(mid, mid, act=act), Unit(low, low, act=act)])
        self.heads = nn.ModuleList(
            nn.Sequential(Unit(c, c, act=act), nn.Conv2d(c, len(anchors) * 5, 1))
            for c, anchors in zip((low, mid, top), design.anchors, strict=True)
        )
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for head in self.heads:
            assert isinstance(head, nn.Sequential)
            last = head[-1]
            assert isinstance(last, nn.Conv2d) and last.bias is not None
            nn.init.normal_(last.weight, std=0.01)
            nn.init.zeros_(last.bias)
            with torch.no_grad():
                last.bias[4::5] = -math.log((1 - PRIOR) / PRIOR)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        low, mid, top = self.backbone(x)
        mid = self.smooth[0](mid + F.interpolate(self.lateral[0](top), scale_factor=2.0))
        low = self.smooth[1](low + F.interpolate(self.lateral[1](mid), scale_factor=2.0))
        return self.heads[0](low), self.heads[1](mid), self.heads[2](top)


def macs(design: Design) -> int:
    """Multiply-accumulates of one picture, all convolutions."""
    model, total = Detector(design).eval(), 0

    def count(module: nn.Conv2d, _: Any, out: Tensor) -> None:
        nonlocal total
        total += module.weight[0].numel() * out.numel()

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        model(torch.zeros(1, 3, design.height, design.width))
    for hook in hooks:
        hook.remove()
    return total
