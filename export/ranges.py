"""Activation ranges for 8 bits, from what a float network says on calibration pictures.

All methods read the same two passes over the pictures: least and greatest value of each tensor,
then a histogram between them. So they can be compared without calibrating anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from edge.errors import PackError
from edge.packs.runtime import session_options

Method: TypeAlias = Literal["minmax", "percentile", "entropy"]
METHODS: tuple[Method, ...] = ("minmax", "percentile", "entropy")
Range: TypeAlias = tuple[float, float]
Tensor: TypeAlias = NDArray[np.float32]

BINS = 2048
KEPT = 0.9999
"""Share of a tensor's values inside the range that `percentile` gives it."""
LEVELS = 256
SHRINK = np.geomspace(1.0, 0.1, 48)
"""Parts of the greatest magnitude that `entropy` tries as bounds of either sign."""


@dataclass(frozen=True)
class Statistics:
    """Per tensor: least and greatest value, and counts in `BINS` equal bins between them."""

    bounds: dict[str, Range]
    counts: dict[str, NDArray[np.int64]]

    def ranges(self, method: Method) -> dict[str, Range]:
        """The range of each tensor by `method`; always holds 0, which 8 bits must say exactly.

        minmax: all values. percentile: all but the `1 - KEPT` outermost. entropy: the range whose
        8-bit version loses least information (Kullback-Leibler; Migacz 2017).
        """
        found = {}
        for name, (low, high) in self.bounds.items():
            if method == "percentile":
                low, high = _percentile(self.counts[name], low, high)
            elif method == "entropy":
                low, high = _entropy(self.counts[name], low, high)
            found[name] = (min(low, 0.0), max(high, 0.0))
        return found


def float_tensors(model: ModelProto) -> list[str]:
    """The names of the input and of all values that nodes compute, where they are float32."""
    inferred = onnx.shape_inference.infer_shapes(model)
    graph = inferred.graph
    kinds = {
        v.name: v.type.tensor_type.elem_type
        for v in (*graph.input, *graph.value_info, *graph.output)
    }
    names = [v.name for v in graph.input] + [o for n in graph.node for o in n.output if o]
    return [n for n in dict.fromkeys(names) if kinds.get(n) == TensorProto.FLOAT]


def collect(model: ModelProto, inputs: Sequence[Tensor]) -> Statistics:
    """Two passes of `model` (one input `image`) over `inputs`. Raises PackError without inputs."""
    if not inputs:
        raise PackError("no calibration pictures: without them no 8-bit ranges can be found")
    names = float_tensors(model)
    bounds: dict[str, Range] = {}
    for values in _run(model, names, inputs):
        for name, value in values:
            low, high = bounds.get(name, (np.inf, -np.inf))
            bounds[name] = min(low, float(value.min())), max(high, float(value.max()))
    for name, (low, high) in bounds.items():
        if not np.isfinite([low, high]).all():
            raise PackError(f"{model.graph.name}: {name} is not finite on calibration pictures")
    counts = {name: np.zeros(BINS, np.int64) for name in bounds}
    for values in _run(model, names, inputs):
        for name, value in values:
            low, high = bounds[name]
            if high > low:
                place = (value.astype(np.float64) - low) * (BINS / (high - low))
                counts[name] += np.bincount(
                    np.minimum(place, BINS - 1).astype(np.int64).ravel(), minlength=BINS
                )
    return Statistics(bounds, counts)


def _run(
    model: ModelProto, names: Sequence[str], inputs: Sequence[Tensor]
) -> Iterable[Iterable[tuple[str, Tensor]]]:
    shown = ModelProto()
    shown.CopyFrom(model)
    outputs = {o.name for o in shown.graph.output}
    given = {i.name for i in shown.graph.input}
    extra = [n for n in names if n not in outputs | given]
    shown.graph.output.extend(
        helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in extra
    )
    options = session_options()
    # Values between nodes are asked for, so none may be fused away.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        shown.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    asked = [n for n in names if n not in given]
    (image,) = given
    for value in inputs:
        yield zip([image, *asked], [value, *session.run(asked, {image: value})], strict=True)


def _percentile(counts: NDArray[np.int64], low: float, high: float) -> Range:
    total = int(counts.sum())
    if total == 0:
        return low, high
    edges = np.linspace(low, high, BINS + 1)
    below = np.cumsum(counts)
    drop = (1 - KEPT) / 2 * total
    first = int(np.searchsorted(below, drop, side="right"))
    last = int(np.searchsorted(below, total - drop, side="left"))
    return float(edges[first]), float(edges[min(last + 1, BINS)])


def _entropy(counts: NDArray[np.int64], low: float, high: float) -> Range:
    total = int(counts.sum())
    if total == 0:
        return low, high
    edges = np.linspace(low, high, BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    # A rectifier's zeros are exact in 8 bits whatever the range, and so many that beside them
    # nothing else would count.
    zero = int(np.clip(np.searchsorted(edges, 0.0, side="right") - 1, 0, BINS - 1))
    beside = [counts[i] for i in (zero - 1, zero + 1) if 0 <= i < BINS]
    counts = counts.copy()
    counts[zero] = min(counts[zero], max(beside))
    best, least = (low, high), np.inf
    for part in SHRINK:
        reach = part * max(abs(low), abs(high))
        bottom, top = max(min(low, 0.0), -reach), min(max(high, 0.0), reach)
        lost = _divergence(counts, centres, bottom, top)
        if lost < least:
            best, least = (bottom, top), lost
    return best


def _divergence(
    counts: NDArray[np.int64], centres: NDArray[np.float64], bottom: float, top: float
) -> float:
    """KL divergence of the clipped distribution from its 8-bit version."""
    inside = (centres >= bottom) & (centres <= top)
    if inside.sum() < 2:
        return float(np.inf)
    clipped = np.where(inside, counts, 0).astype(np.float64)
    places = np.flatnonzero(inside)
    clipped[places[0]] += counts[: places[0]].sum()
    clipped[places[-1]] += counts[places[-1] + 1 :].sum()
    # What 8 bits keep: the mean of the bins that share a level, over those that held anything.
    held = np.where(inside, counts, 0).astype(np.float64)
    level = np.clip(
        np.round((centres - bottom) / (top - bottom) * (LEVELS - 1)), 0, LEVELS - 1
    ).astype(np.int64)
    full = inside & (clipped > 0)
    mass = np.bincount(level[full], held[full], LEVELS)
    bins = np.bincount(level[full], minlength=LEVELS)
    kept = np.where(full, mass[level] / np.maximum(bins[level], 1), 0.0)
    p, q = clipped / clipped.sum(), kept / max(kept.sum(), 1e-12)
    return float(np.sum(p[full] * np.log(p[full] / np.maximum(q[full], 1e-12))))
