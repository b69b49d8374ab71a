"""Static 8-bit quantisation: int8 weights per output channel, activations from calibration.

`static_int8` calibrates and quantises in one go. `quantise` takes ranges that are known already
(`export.ranges`) and the nodes to quantise, so that many variants cost one calibration.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.quant_utils import save_and_reload_model_with_shape_infer

from edge.errors import PackError

from .onnx_file import tidy
from .ranges import Range

OPERATORS = ("Conv", "Add", "AveragePool", "MaxPool", "Pad", "Relu")
"""Operators that run in 8 bits. Final linear layers stay in float: small, and they decide."""
INTEGER_OPERATORS = (
    *OPERATORS,
    "Clip",
    "Concat",
    "Flatten",
    "Gemm",
    "GlobalAveragePool",
    "LeakyRelu",
    "Mul",
    "Reshape",
    "Resize",
    "Sigmoid",
    "Squeeze",
    "Transpose",
)
"""Operators that ONNX Runtime's CPU provider computes in 8 bits, or moves 8-bit values with. Any
other would be dequantised before and quantised after: slower than float, and less exact."""
FLOAT_OUTPUTS = ("Gemm",)
"""Of those the ones whose result stays as it is summed: linear layers end a network, and what they
say (a place, an angle) has more than 256 values."""


class _Reader(CalibrationDataReader):
    def __init__(self, inputs: Iterable[NDArray[np.float32]]) -> None:
        self._inputs: Iterator[NDArray[np.float32]] = iter(inputs)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        value = next(self._inputs, None)
        return None if value is None else {"image": value}


def static_int8(
    model: ModelProto,
    inputs: Sequence[NDArray[np.float32]],
    *,
    method: CalibrationMethod = CalibrationMethod.MinMax,
    exclude: Sequence[str] = (),
    options: dict | None = None,
) -> ModelProto:
    """`model` with quantise/dequantise pairs (QDQ) around its `OPERATORS`.

    Args:
        model: float model with one input `image`.
        inputs: calibration tensors, each of the model's input shape.
        method: how activation ranges are found from them.
        exclude: names of nodes that stay in float.
        options: further options of ONNX Runtime's quantiser.

    Raises:
        PackError: no calibration tensors.
    """
    if not inputs:
        raise PackError("no calibration pictures: without them no 8-bit ranges can be found")
    name = model.graph.name
    with tempfile.TemporaryDirectory(prefix="face-gate-") as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        with _quiet():
            quantize_static(
                source,
                target,
                _Reader(inputs),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=method,
                op_types_to_quantize=list(OPERATORS),
                nodes_to_exclude=list(exclude),
                extra_options={"WeightSymmetric": True, **(options or {})},
            )
        return tidy(onnx.load(target), name)


def quantise(
    model: ModelProto, ranges: Mapping[str, Range], nodes: Sequence[str] | None = None
) -> ModelProto:
    """`model` with quantise/dequantise pairs around `nodes`, or all that 8 bits can do.

    Args:
        model: float model with named nodes.
        ranges: of each float tensor (`export.ranges.Statistics.ranges`).
        nodes: names; those of another operator than `INTEGER_OPERATORS` stay in float.

    Raises:
        PackError: `nodes` names one that is not in the model.
    """
    known = {node.name for node in model.graph.node}
    if unknown := sorted(set(nodes or ()) - known):
        raise PackError(f"{model.graph.name} has no node {unknown[0]!r}")
    if nodes is not None and not nodes:
        return model
    spans = {
        name: (np.array(low, np.float32), np.array(high, np.float32))
        for name, (low, high) in ranges.items()
    }
    with _quiet():
        quantizer = QDQQuantizer(
            save_and_reload_model_with_shape_infer(model),
            True,  # weights per output channel
            False,  # all 8 bits of them
            QuantType.QInt8,
            QuantType.QUInt8,
            TensorsData(CalibrationMethod.MinMax, spans),
            list(nodes or ()),
            [],
            list(INTEGER_OPERATORS),
            {
                "WeightSymmetric": True,
                "OpTypesToExcludeOutputQuantization": list(FLOAT_OUTPUTS),
            },
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    small = quantizer.model.model
    _keep_floats(small)
    return tidy(small, model.graph.name)


def _keep_floats(model: ModelProto) -> None:
    """Shields float layers that read 8-bit values from being quantised behind our back.

    Where a convolution or linear layer with float weights reads a tensor that is dequantised by
    one scale, ONNX Runtime quantises the weights when it loads the file, with one scale for all
    channels (its WeightBiasQuantization). It leaves those alone that read a tensor dequantised
    channel by channel; so such layers get a dequantisation of their own, whose channels happen to
    share their scale.
    """
    graph = model.graph
    made = {n.output[0]: n for n in graph.node if n.op_type == "DequantizeLinear"}
    constants = {t.name: t for t in graph.initializer}
    before: dict[str, NodeProto] = {}
    for node in graph.node:
        given = made.get(node.input[0]) if node.op_type in ("Conv", "Gemm") else None
        weight = constants.get(node.input[1]) if given is not None else None
        if given is None or weight is None or weight.data_type != TensorProto.FLOAT:
            continue
        channels = _channels(node, weight)
        scale, zero = (numpy_helper.to_array(constants[name]) for name in given.input[1:3])
        if channels < 2 or scale.size > 1:
            continue
        name = f"{node.name}_input"
        graph.initializer.extend(
            numpy_helper.from_array(np.repeat(value.ravel(), channels), f"{name}_{what}")
            for what, value in (("scale", scale), ("zero_point", zero))
        )
        parts = [given.input[0], f"{name}_scale", f"{name}_zero_point"]
        before[node.name] = helper.make_node("DequantizeLinear", parts, [name], name, axis=1)
        node.input[0] = name
    ordered = [n for node in graph.node for n in (before.get(node.name), node) if n is not None]
    del graph.node[:]
    graph.node.extend(ordered)


def _channels(node: NodeProto, weight: TensorProto) -> int:
    options = {a.name: a.i for a in node.attribute if a.name in ("group", "transB")}
    if node.op_type == "Conv":
        return int(weight.dims[1]) * options.get("group", 1)
    return int(weight.dims[1 if options.get("transB") else 0])


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # its advice on preprocessing does not apply
    try:
        yield
    finally:
        logger.setLevel(level)
