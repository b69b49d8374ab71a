"""A network's layers as the quantiser sees them: what runs as one kernel is one layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import onnxruntime as ort
from onnx import ModelProto, NodeProto

from .quantise import FLOAT_OUTPUTS, INTEGER_OPERATORS
from .simplify import optimised

HEADS = ("Conv",)
"""Operators that are worth the step to 8 bits by themselves."""
ACTIVATIONS = ("Relu", "Clip", "LeakyRelu")


@dataclass(frozen=True)
class Layer:
    """A convolution or another operator with its activation.

    name: of the first node. operators: e.g. "Conv+Relu". nodes: names. weights: how many.
    """

    name: str
    operators: str
    nodes: tuple[str, ...]
    weights: int


def layers(model: ModelProto) -> list[Layer]:
    """The layers that 8 bits can do, in the graph's order.

    A layer that is no convolution belongs to them only when all that it reads is 8-bit already:
    else the values would be quantised for its sake alone, which costs time and digits.
    """
    return _layers(model, frozenset())


def integer_nodes(model: ModelProto, floats: Collection[str]) -> list[str]:
    """The nodes to quantise when the layers named `floats` stay in float."""
    return [node for layer in _layers(model, frozenset(floats)) for node in layer.nodes]


def _layers(model: ModelProto, floats: frozenset[str]) -> list[Layer]:
    sizes = {t.name: _count(t.dims) for t in model.graph.initializer}
    constants = set(sizes) | {
        o for n in model.graph.node if n.op_type == "Constant" for o in n.output
    }
    readers = Counter(v for n in model.graph.node for v in n.input)
    found: list[list[NodeProto]] = []
    made_by: dict[str, int] = {}
    for node in model.graph.node:
        data = [v for v in node.input if v and v not in constants]
        place = made_by.get(data[0]) if data else None
        fused = node.op_type in ACTIVATIONS and place is not None and readers[data[0]] == 1
        if fused and place is not None:
            found[place].append(node)
        elif node.name not in floats and (
            node.op_type in HEADS
            or (node.op_type in INTEGER_OPERATORS and data and all(v in made_by for v in data))
        ):
            place = len(found)
            found.append([node])
        else:
            continue
        if node.op_type not in FLOAT_OUTPUTS:
            made_by[node.output[0]] = place
    return [
        Layer(
            nodes[0].name,
            "+".join(n.op_type for n in nodes),
            tuple(n.name for n in nodes),
            sum(sizes.get(v, 0) for n in nodes for v in n.input),
        )
        for nodes in found
    ]


def _count(dims: Collection[int]) -> int:
    total = 1
    for d in dims:
        total *= d
    return total


def kernels(model: ModelProto) -> dict[str, int]:
    """How many kernels of each kind ONNX Runtime runs for the model on this machine."""
    graph = optimised(model, ort.GraphOptimizationLevel.ORT_ENABLE_ALL).graph
    counted = Counter(n.op_type for n in graph.node if n.op_type != "Constant")
    return dict(sorted(counted.items()))
