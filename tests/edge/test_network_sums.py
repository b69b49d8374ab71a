"""8-bit sums are exact on every processor: AVX2's fast kernels would saturate at 32,767."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.packs.inputs import BoxFit, InputSpec
from edge.packs.runtime import Network

LARGEST = 27 * 255 * 127  # 3 x 3 x 3 products of the largest unsigned and signed byte


def convolution(weights: np.ndarray) -> bytes:
    """A 3 x 3 convolution of `weights` (1, 3, 3, 3) int8, whose output is in steps of 1 / 250."""
    constants = {
        "one": np.float32(1),
        "zero": np.uint8(0),
        "zeros": np.zeros(1, np.int8),
        "ones": np.ones(1, np.float32),
        "weights": weights,
        "step": np.float32(LARGEST / 250),
    }
    scaled = [
        ("QuantizeLinear", ["image", "one", "zero"], "q", {}),
        ("DequantizeLinear", ["q", "one", "zero"], "x", {}),
        ("DequantizeLinear", ["weights", "ones", "zeros"], "w", {"axis": 0}),
        ("Conv", ["x", "w"], "y", {}),
        ("QuantizeLinear", ["y", "step", "zero"], "r", {}),
        ("DequantizeLinear", ["r", "step", "zero"], "sum", {}),
    ]
    graph = helper.make_graph(
        [helper.make_node(op, given, [made], **more) for op, given, made, more in scaled],
        "sums",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 1, 14, 14])],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


@pytest.mark.parametrize("byte", [127, 100, 65])
def test_a_sum_of_large_products_is_exact(byte: int) -> None:
    fit = BoxFit(kind="box", scale=1.0)
    spec = InputSpec(
        name="image", width=16, height=16, colour="bgr", mean=(0, 0, 0), std=(1, 1, 1), fit=fit
    )
    data = convolution(np.full((1, 3, 3, 3), byte, np.int8))
    network = Network(Path("sums.onnx"), data, spec, ("sum",))
    (found,) = network.run(np.full((1, 3, 16, 16), 255, np.float32))
    assert found == pytest.approx(27 * 255 * byte, abs=LARGEST / 500)
