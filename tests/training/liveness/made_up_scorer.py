"""A network of MiniFASNet's shape whose answer is known: the brighter the crop, the more alive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write(path: Path, size: int = 80, classes: int = 3) -> Path:
    """Logits (0, brightness / 16 - 8, -20) of a crop, brightness its mean grey level 0..255.

    The living class so has the logistic function of the second: 0.5 at a brightness of 128.
    """
    nodes = [
        helper.make_node("ReduceMean", ["input", "axes"], ["grey"], keepdims=0),
        helper.make_node("Reshape", ["grey", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
    ]
    weight = np.zeros((1, classes), np.float32)
    bias = np.full((1, classes), -20, np.float32)
    weight[0, 1], bias[0, 1], bias[0, 0] = 1 / 16, -8, 0
    constants = {
        "axes": np.array([1, 2, 3], np.int64),
        "shape": np.array([1, 1], np.int64),
        "weight": weight,
        "bias": bias,
    }
    shape = [1, 3, size, size]
    graph = helper.make_graph(
        nodes,
        "bright",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, classes])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.save(model, path)
    return path


def score(brightness: float) -> float:
    """What it says of an even crop."""
    return float(1 / (1 + np.exp(-(brightness / 16 - 8)) + np.exp(-20 - (brightness / 16 - 8))))
