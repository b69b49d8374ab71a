"""Which prediction answers for which face (Redmon and Farhadi 2018, with one addition).

A face belongs to the cell that its middle lies in, and there to the anchor whose width and height
fit it best. Other anchors that fit nearly as well learn it too, so that a face between two levels
is found by both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.detector.model import STRIDES, Design


@dataclass(frozen=True)
class Layout:
    """All anchors of all cells in one row of P places: level, then anchor, row, column.

    column, row: (P,) of the cell. stride: (P,) pixels. anchor: (P, 2) width, height in pixels.
    sizes: (anchors, 2) of all levels. first: (anchors,) the place of each anchor's first cell.
    columns, rows: (anchors,) of each anchor's grid. strides: (anchors,).
    """

    column: Tensor
    row: Tensor
    stride: Tensor
    anchor: Tensor
    sizes: Tensor
    first: Tensor
    columns: Tensor
    rows: Tensor
    strides: Tensor

    @classmethod
    def of(cls, design: Design, height: int, width: int, device: torch.device) -> Layout:
        """For an input of that size, which must be a multiple of 32."""
        column, row, stride, anchor = [], [], [], []
        first, columns, rows, strides, at = [], [], [], [], 0
        for step, level in zip(STRIDES, design.anchors, strict=True):
            gh, gw = height // step, width // step
            y, x = torch.meshgrid(torch.arange(gh), torch.arange(gw), indexing="ij")
            for size in level:
                column.append(x.flatten())
                row.append(y.flatten())
                stride.append(torch.full((gh * gw,), step))
                anchor.append(torch.tensor(size).expand(gh * gw, 2))
                first.append(at)
                columns.append(gw)
                rows.append(gh)
                strides.append(step)
                at += gh * gw
        sizes = torch.tensor([size for level in design.anchors for size in level])
        return cls(
            column=torch.cat(column).to(device),
            row=torch.cat(row).to(device),
            stride=torch.cat(stride).to(device),
            anchor=torch.cat(anchor).to(device),
            sizes=sizes.to(device),
            first=torch.tensor(first, device=device),
            columns=torch.tensor(columns, device=device),
            rows=torch.tensor(rows, device=device),
            strides=torch.tensor(strides, device=device),
        )


def flatten(planes: Sequence[Tensor]) -> Tensor:
    """Planes (N, A * 5, gh, gw) of each level as (N, P, 5) in the order of `Layout`."""
    parts = []
    for level in planes:
        n, channels, gh, gw = level.shape
        parts.append(level.view(n, channels // 5, 5, gh * gw).transpose(2, 3).flatten(1, 2))
    return torch.cat(parts, dim=1)


def decode(raw: Tensor, layout: Layout) -> Tensor:
    """Raw predictions (..., P, 5) as boxes (..., P, 4), x1, y1, x2, y2 in area pixels.

    Area pixels run from 0 at the input's left edge: half a pixel more than pixel centres.
    """
    return boxes_at(raw, layout.column, layout.row, layout.stride, layout.anchor)


def boxes_at(raw: Tensor, column: Tensor, row: Tensor, stride: Tensor, anchor: Tensor) -> Tensor:
    """As `decode`, for chosen places."""
    x = (column + raw[..., 0].sigmoid()) * stride
    y = (row + raw[..., 1].sigmoid()) * stride
    # exp() of an untrained network must not overflow; a box of e^4 anchors is none anyway.
    half = raw[..., 2:4].clamp(-4, 4).exp() * anchor / 2
    return torch.stack([x - half[..., 0], y - half[..., 1], x + half[..., 0], y + half[..., 1]], -1)


@dataclass(frozen=True)
class Assigned:
    """K pairs of a place and the face that it answers for.

    image, place: (K,) indices. box: (K, 4) in area pixels.
    """

    image: Tensor
    place: Tensor
    box: Tensor


def assign(boxes: Tensor, real: Tensor, layout: Layout, *, also: float = 0.6) -> Assigned:
    """The places of the faces `boxes` (N, M, 4), area pixels, where `real` (N, M) bool.

    also: anchors other than the best take the face too from this IoU of width and height on;
    1 is the classical rule. A face whose middle lies outside the input has no place. Where two
    faces want the same place it goes to the smaller one, which is the one in front of the cell.
    """
    image, item = real.nonzero(as_tuple=True)
    box = boxes[image, item]
    size = (box[:, 2:] - box[:, :2]).clamp(min=1e-3)
    middle = (box[:, :2] + box[:, 2:]) / 2
    inter = torch.minimum(size[:, None], layout.sizes).prod(-1)
    fit = inter / (size.prod(-1)[:, None] + layout.sizes.prod(-1) - inter)
    taken = fit > also
    taken[torch.arange(len(box), device=box.device), fit.argmax(1)] = True
    face, kind = taken.nonzero(as_tuple=True)
    column = (middle[face, 0] / layout.strides[kind]).floor().long()
    row = (middle[face, 1] / layout.strides[kind]).floor().long()
    columns, rows = layout.columns[kind], layout.rows[kind]
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    place = layout.first[kind] + row * columns + column
    face, place = face[inside], place[inside]
    # Written from large to small: the last to write a place keeps it.
    order = size.prod(-1)[face].argsort(descending=True, stable=True)
    face, place = face[order], place[order]
    where = image[face] * len(layout.column) + place
    unique, back = where.unique(return_inverse=True)
    last = torch.zeros_like(unique).scatter_reduce(
        0, back, torch.arange(len(where), device=where.device), "amax", include_self=False
    )
    return Assigned(image[face[last]], place[last], box[face[last]])
