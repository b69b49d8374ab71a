"""From a torch module to one small ONNX file, the same bytes each time."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import torch
from onnx import ModelProto, numpy_helper

OPSET = 18
"""Understood by ONNX Runtime 1.20 and by every converter on the boards."""
PRODUCER = "face-gate"


def from_torch(
    module: torch.nn.Module, height: int, width: int, outputs: Sequence[str], name: str
) -> ModelProto:
    """Export for the device: one input `image` (1, 3, height, width) float32, fixed shapes.

    Args:
        outputs: names of the module's outputs, in order.
        name: the graph's name in the file.
    """
    return from_torch_inputs(module, {"image": (1, 3, height, width)}, outputs, name)


def from_torch_inputs(
    module: torch.nn.Module,
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Sequence[str],
    name: str,
) -> ModelProto:
    """... of a module with several inputs: shapes by name, in the order of its arguments."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells which packages it lacks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(
            module.eval(),
            tuple(torch.zeros(shape) for shape in inputs.values()),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
        )
    assert program is not None  # with dynamo there always is one
    model = program.model_proto
    _fold_padding(model)
    return tidy(model, name)


def _fold_padding(model: ModelProto) -> None:
    """Moves zero padding of rows and columns into the convolution that alone reads it.

    ONNX convolutions pad asymmetrically on their own; torch's do not, hence the separate node.
    """
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    readers: dict[str, list] = {}
    for node in model.graph.node:
        for value in node.input:
            readers.setdefault(value, []).append(node)
    for pad in [n for n in model.graph.node if n.op_type == "Pad"]:
        value = constants.get(pad.input[2]) if len(pad.input) > 2 and pad.input[2] else 0.0
        amounts = constants.get(pad.input[1])
        after = readers.get(pad.output[0], [])
        if amounts is None or value is None or np.any(value) or len(after) != 1:
            continue
        conv = after[0]
        sides = [int(v) for v in amounts]
        if conv.op_type != "Conv" or any(sides[:2] + sides[4:6]):
            continue
        pads = next(a for a in conv.attribute if a.name == "pads")
        pads.ints[:] = [a + b for a, b in zip(pads.ints, sides[2:4] + sides[6:8], strict=True)]
        conv.input[0] = pad.input[0]
        model.graph.node.remove(pad)


def tidy(model: ModelProto, name: str) -> ModelProto:
    """Drops what is never read and what differs between runs, then checks the model."""
    graph = model.graph
    while True:
        read = {v for node in graph.node for v in node.input} | {o.name for o in graph.output}
        dead = [n for n in graph.node if not any(o in read for o in n.output)]
        if not dead:
            break
        for node in dead:
            graph.node.remove(node)
    for tensor in [t for t in graph.initializer if t.name not in read]:
        graph.initializer.remove(tensor)
    del graph.value_info[:]
    del model.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    graph.name, graph.doc_string, model.doc_string = name, "", ""
    model.producer_name, model.producer_version = PRODUCER, ""
    onnx.checker.check_model(model, full_check=True)
    return model


def to_bytes(model: ModelProto) -> bytes:
    """The file's content; equal models give equal bytes."""
    return model.SerializeToString(deterministic=True)
