"""YuNet's outputs as boxes and scores: the decoding of Wu et al. 2023, put into the graph.

Of each cell (column c, row r) of a level with stride s: score = sqrt(cls * obj), centre = (c + dx,
r + dy) * s, size = exp(dw, dh) * s; here over the input's width and height, as the head `boxes`
wants them.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from edge.packs.schema import InputSpec

from ..measures import Outputs
from .entry import Ending

STRIDES = (8, 16, 32)
THEIRS = tuple(f"{kind}_{s}" for kind in ("cls", "obj", "bbox") for s in STRIDES)
OURS = ("boxes", "scores")


def _grid(spec: InputSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row (1, N, 2) of each cell, and its stride over the input's sides (1, N, 2)."""
    cells, steps = [], []
    for stride in STRIDES:
        row, column = np.mgrid[0 : spec.height // stride, 0 : spec.width // stride]
        cells.append(np.stack([column.ravel(), row.ravel()], axis=1))
        steps.append(np.full((row.size, 2), stride) / (spec.width, spec.height))
    return (
        np.concatenate(cells)[None].astype(np.float32),
        np.concatenate(steps)[None].astype(np.float32),
    )


def _append(model: ModelProto, spec: InputSpec) -> None:
    cells, steps = _grid(spec)
    graph = model.graph
    for name, value in (
        ("cells", cells),
        ("steps", steps),
        ("half_steps", steps / 2),
        ("two_and_two", np.array([2, 2], np.int64)),
        ("last", np.array([-1], np.int64)),
    ):
        graph.initializer.append(numpy_helper.from_array(value, name))
    levels = {kind: [f"{kind}_{s}" for s in STRIDES] for kind in ("cls", "obj", "bbox")}
    add = helper.make_node
    graph.node.extend(
        [add("Concat", names, [kind], f"{kind}_all", axis=1) for kind, names in levels.items()]
        + [
            add("Mul", ["cls", "obj"], ["both"], "both"),
            add("Sqrt", ["both"], ["score"], "score"),
            add("Squeeze", ["score", "last"], ["scores"], "scores"),
            add("Split", ["bbox", "two_and_two"], ["offset", "log_size"], "parts", axis=2),
            add("Add", ["offset", "cells"], ["place"], "place"),
            add("Mul", ["place", "steps"], ["centre"], "centre"),
            add("Exp", ["log_size"], ["size"], "size"),
            add("Mul", ["size", "half_steps"], ["half"], "half"),
            add("Sub", ["centre", "half"], ["first"], "first"),
            add("Add", ["centre", "half"], ["second"], "second"),
            add("Concat", ["first", "second"], ["boxes"], "boxes", axis=2),
        ]
    )
    count = cells.shape[1]
    del graph.output[:]
    graph.output.extend(
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, count, 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, count]),
        ]
    )


class _Decode(nn.Module):
    """The same from the network's outputs in the order of `THEIRS`."""

    def __init__(self, spec: InputSpec) -> None:
        super().__init__()
        self.width, self.height = spec.width, spec.height

    def forward(self, *outputs: Tensor) -> tuple[Tensor, Tensor]:
        found, scores = [], []
        sides = torch.tensor([self.width, self.height] * 2)
        for i, s in enumerate(STRIDES):
            seen, thing, box = (outputs[i + 3 * k][0] for k in range(3))
            n = torch.arange(len(box))
            columns = self.width // s
            x, y = (n % columns + box[:, 0]) * s, (n // columns + box[:, 1]) * s
            w, h = box[:, 2].exp() * s, box[:, 3].exp() * s
            corners = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)
            found.append(corners / sides)
            scores.append((seen * thing).sqrt().squeeze(1))
        return torch.cat(found)[None], torch.cat(scores)[None]


ENDING = Ending(_append, _Decode)


def cells(outputs: Outputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores (N,) and boxes (N, 4) of all cells, for `export.measures.boxes`."""
    return outputs["scores"][0].astype(np.float64), outputs["boxes"][0].astype(np.float64)
