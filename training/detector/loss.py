"""What the detector is trained for: boxes and objectness, a mean over images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from training.detector.dataset import FACE, IGNORED, Batch
from training.detector.model import Design
from training.detector.targets import Assigned, Layout, assign, boxes_at, decode, flatten

BOX_LOSSES = ("ciou", "xywh")


def pair_iou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and union of boxes (..., 4), broadcast."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    areas = [(v[..., 2:] - v[..., :2]).clamp(min=0).prod(-1) for v in (a, b)]
    union = areas[0] + areas[1] - inter
    return inter / union.clamp(min=1e-6), union


def ciou(found: Tensor, true: Tensor) -> Tensor:
    """1 - CIoU (K,) of boxes (K, 4): overlap, distance, aspect (Zheng et al. 2020)."""
    iou, _ = pair_iou(found, true)
    low = torch.minimum(found[:, :2], true[:, :2])
    high = torch.maximum(found[:, 2:], true[:, 2:])
    diagonal = (high - low).square().sum(-1).clamp(min=1e-6)
    apart = ((found[:, :2] + found[:, 2:] - true[:, :2] - true[:, 2:]) / 2).square().sum(-1)
    sizes = [(v[:, 2:] - v[:, :2]).clamp(min=1e-3) for v in (found, true)]
    angles = [torch.atan(size[:, 0] / size[:, 1]) for size in sizes]
    v = 4 / math.pi**2 * (angles[1] - angles[0]).square()
    with torch.no_grad():
        alpha = v / (1 - iou + v).clamp(min=1e-6)
    return 1 - iou + apart / diagonal + alpha * v


@dataclass(frozen=True)
class Loss:
    """The detector's loss.

    box: "ciou", or "xywh": squared errors of sigmoid(xy) and of the logarithms of w and h, as in
    YOLOv3. box_weight: against objectness. focal: exponent of the focal loss (Lin et al. 2017); 0
    is plain cross-entropy. ignore: a prediction that overlaps a face by more than this IoU without
    being its own is neither right nor wrong. also: see `assign`. per_image: the number by which
    every image's sums are divided. It is a constant, not the number of faces: so images without
    faces count, and processes that see different numbers of faces average exactly.
    """

    design: Design
    box: str = "ciou"
    box_weight: float = 2.0
    focal: float = 0.0
    ignore: float = 0.6
    also: float = 0.6
    per_image: float = 2.0

    def __call__(self, planes: Sequence[Tensor], batch: Batch) -> dict[str, Tensor]:
        """planes: the network's outputs. Returns "loss", "box", "objectness" (the parts'
        share of it) and "iou", the mean overlap of the assigned boxes."""
        raw = flatten([level.float() for level in planes])
        height, width = batch.image.shape[2:]
        layout = Layout.of(self.design, height, width, raw.device)
        boxes = batch.boxes + 0.5
        given = assign(boxes, batch.kinds == FACE, layout, also=self.also)
        chosen = raw[given.image, given.place]
        cells = (layout.column, layout.row, layout.stride, layout.anchor)
        column, row, stride, anchor = (v[given.place] for v in cells)
        found = boxes_at(chosen, column, row, stride, anchor)
        if self.box == "ciou":
            each = ciou(found, given.box)
        else:
            each = _classical(chosen, given, column, row, stride, anchor)
        n = len(raw)
        box = self.box_weight * each.sum() / (n * self.per_image)
        objectness = self._objectness(raw, boxes, batch.kinds, given, layout) / (n * self.per_image)
        with torch.no_grad():
            overlap = pair_iou(found, given.box)[0]
            iou = overlap.sum() / max(len(overlap), 1)
        return {"loss": box + objectness, "box": box, "objectness": objectness, "iou": iou}

    def _objectness(
        self, raw: Tensor, boxes: Tensor, kinds: Tensor, given: Assigned, layout: Layout
    ) -> Tensor:
        logit = raw[..., 4]
        target = torch.zeros_like(logit)
        target[given.image, given.place] = 1
        weight = (~ignored(raw.detach(), boxes, kinds, layout, self.ignore)).float()
        weight[given.image, given.place] = 1
        if self.focal > 0:
            wrong = (target - logit.detach().sigmoid()).abs()
            weight = weight * wrong**self.focal
        return (weight * F.binary_cross_entropy_with_logits(logit, target, reduction="none")).sum()


@torch.no_grad()
def ignored(raw: Tensor, boxes: Tensor, kinds: Tensor, layout: Layout, bound: float) -> Tensor:
    """(N, P) bool: predictions that are not to be called wrong.

    Those that overlap a face by more than `bound`, and, for regions of which nobody knows whether
    they are faces, those that overlap by 0.3 or whose middle lies inside.
    """
    found = decode(raw, layout)
    out = torch.zeros(found.shape[:2], dtype=torch.bool, device=found.device)
    x, y = (found[..., 0] + found[..., 2]) / 2, (found[..., 1] + found[..., 3]) / 2
    # One face of every image at a time: the whole (N, P, M) table would not stay in the cache.
    for item in range(kinds.shape[1]):
        kind = kinds[:, item, None]
        rows = (kind[:, 0] >= 0).nonzero(as_tuple=True)[0]
        if not len(rows):
            continue
        box = boxes[rows, item, None]
        iou, _ = pair_iou(found[rows], box)
        unknown = kind[rows] == IGNORED
        within = (
            (x[rows] > box[..., 0]) & (x[rows] < box[..., 2])
            & (y[rows] > box[..., 1]) & (y[rows] < box[..., 3])
        )  # fmt: skip
        out[rows] |= torch.where(unknown, (iou > 0.3) | within, iou > bound)
    return out


def _classical(
    raw: Tensor, given: Assigned, column: Tensor, row: Tensor, stride: Tensor, anchor: Tensor
) -> Tensor:
    size = (given.box[:, 2:] - given.box[:, :2]).clamp(min=1e-3)
    middle = (given.box[:, :2] + given.box[:, 2:]) / 2 / stride[:, None]
    inside = middle - torch.stack([column, row], dim=-1)
    place = (raw[:, :2].sigmoid() - inside).square().sum(-1)
    shape = (raw[:, 2:4] - (size / anchor).log()).square().sum(-1)
    return place + shape
