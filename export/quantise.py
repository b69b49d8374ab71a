"""Static 8-bit quantisation: int8 weights per output channel, activations from calibration."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from edge.errors import PackError

from .onnx_file import tidy

OPERATORS = ("Conv", "Add", "AveragePool", "MaxPool", "Pad", "Relu")
"""Operators that run in 8 bits. Final linear layers stay in float: small, and they decide."""


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
        logger = logging.getLogger()
        level = logger.level
        logger.setLevel(logging.ERROR)  # its advice on preprocessing does not apply
        try:
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
        finally:
            logger.setLevel(level)
        return tidy(onnx.load(target), name)
