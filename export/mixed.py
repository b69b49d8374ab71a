"""From float to 8 bits: the best ranges, how each layer bears it, and which stay in float.

Layers are quantised one at a time and ranked by what that does to the outputs; then all are
quantised, and the worst go back to float until the outputs are within their bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onnx import ModelProto

from . import measures
from .layers import Layer, integer_nodes, layers
from .measures import Measure, Outputs
from .parity import run
from .quantise import quantise
from .ranges import METHODS, Method, Range, Statistics, Tensor, collect

MOST_FLOAT = 0.5
"""A network of which more layers than this would stay in float is not worth 8 bits."""


@dataclass(frozen=True)
class Sensitivity:
    """What quantising one layer alone does: mean errors, and the largest share of a bound."""

    layer: Layer
    errors: dict[str, float]
    share: float


@dataclass(frozen=True, eq=False)
class Mixed:
    """A quantised network and how it came about.

    ranges: of each float tensor by `method`. methods: errors' largest share of a bound with all
    layers in 8 bits, by method of calibration.
    sensitivity: worst first. floats: names of layers that went back. share: of the result on the
    choosing pictures; up to 1 is within bounds.
    """

    model: ModelProto
    method: Method
    ranges: dict[str, Range]
    methods: dict[Method, float]
    sensitivity: list[Sensitivity]
    floats: tuple[str, ...]
    share: float

    @property
    def within(self) -> bool:
        return self.share <= 1.0


class _Bench:
    """Compares variants of one float model on the same pictures."""

    def __init__(
        self,
        model: ModelProto,
        outputs: Sequence[str],
        measured: Sequence[Measure],
        inputs: Sequence[Tensor],
    ) -> None:
        self.outputs, self.measured, self.inputs = outputs, measured, inputs
        self.wanted: list[Outputs] = run(model, outputs, inputs)

    def errors(self, model: ModelProto) -> dict[str, float]:
        return measures.errors(self.measured, self.wanted, run(model, self.outputs, self.inputs))

    def share(self, model: ModelProto) -> float:
        return measures.share(self.measured, self.errors(model))


def sensitivity(
    model: ModelProto,
    ranges: dict[str, Range],
    outputs: Sequence[str],
    measured: Sequence[Measure],
    inputs: Sequence[Tensor],
    advance: Callable[[], object] = lambda: None,
) -> list[Sensitivity]:
    """Each layer quantised alone, held against the float model on `inputs`; worst first."""
    return _sensitivity(model, ranges, _Bench(model, outputs, measured, inputs), advance)


def _sensitivity(
    model: ModelProto, ranges: dict[str, Range], bench: _Bench, advance: Callable[[], object]
) -> list[Sensitivity]:
    found = []
    for layer in layers(model):
        errors = bench.errors(quantise(model, ranges, layer.nodes))
        found.append(Sensitivity(layer, errors, measures.share(bench.measured, errors)))
        advance()
    return sorted(found, key=lambda s: -s.share)


def quantised(
    model: ModelProto,
    outputs: Sequence[str],
    measured: Sequence[Measure],
    calibration: Sequence[Tensor],
    choosing: Sequence[Tensor],
    *,
    method: Method | None = None,
    advance: Callable[[], object] = lambda: None,
) -> Mixed:
    """`model` in as many 8-bit layers as its bounds allow.

    method: of calibration; None takes the one that is best on `choosing`. advance: called once
    for each layer.
    """
    statistics: Statistics = collect(model, calibration)
    bench = _Bench(model, outputs, measured, choosing)
    every = integer_nodes(model, ())
    tried: dict[Method, float] = {}
    for name in METHODS if method is None else (method,):
        tried[name] = bench.share(quantise(model, statistics.ranges(name), every))
    best = min(tried, key=lambda name: tried[name])
    ranges = statistics.ranges(best)
    ranked = _sensitivity(model, ranges, bench, advance)
    floats, small, share = _relieve(model, ranges, bench, ranked, tried[best])
    return Mixed(small, best, ranges, tried, ranked, floats, share)


def _relieve(
    model: ModelProto,
    ranges: dict[str, Range],
    bench: _Bench,
    ranked: Sequence[Sensitivity],
    share: float,
) -> tuple[tuple[str, ...], ModelProto, float]:
    """The worst layers back to float, one by one; then those again to 8 bits that need not be."""

    def variant(floats: Sequence[str]) -> tuple[ModelProto, float]:
        small = quantise(model, ranges, integer_nodes(model, floats))
        return small, bench.share(small)

    floats: list[str] = []
    small = quantise(model, ranges, integer_nodes(model, ()))
    for worst in ranked:
        if share <= 1.0 or len(floats) + 1 > MOST_FLOAT * len(ranked):
            break
        floats.append(worst.layer.name)
        small, share = variant(floats)
    if share <= 1.0:
        for name in floats[:-1]:
            fewer = [f for f in floats if f != name]
            other, its_share = variant(fewer)
            if its_share <= 1.0:
                floats, small, share = fewer, other, its_share
    return tuple(floats), small, share
