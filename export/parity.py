"""Checks that a conversion changed nothing that matters; each raises when it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import ModelProto

from edge.errors import PackError
from edge.packs.runtime import session_options

from .measures import Outputs
from .onnx_file import to_bytes

FLOAT_BOUND = 1e-4
"""Largest difference of float ONNX and torch, relative to the larger of 1 and the output."""
COSINE_MEAN, COSINE_MIN = 0.99, 0.95
"""Least cosine of 8-bit and float embeddings: on average and for the worst face."""

Tensor = NDArray[np.float32]


@dataclass(frozen=True)
class Parity:
    """A measured agreement and its bound, for the report."""

    what: str
    value: float
    bound: float


def session(model: ModelProto) -> ort.InferenceSession:
    """A one-thread CPU session, as a device would run it."""
    return ort.InferenceSession(
        to_bytes(model), session_options(), providers=["CPUExecutionProvider"]
    )


def run(model: ModelProto, outputs: Sequence[str], inputs: Sequence[Tensor]) -> list[Outputs]:
    """A model's outputs by name, for each input."""
    network = session(model)
    names = list(outputs)
    return [dict(zip(names, network.run(names, {"image": value}), strict=True)) for value in inputs]


def float_parity(
    module: torch.nn.Module,
    model: ModelProto,
    inputs: Sequence[Tensor | Mapping[str, Tensor]],
    source: str = "torch",
) -> Parity:
    """Largest relative difference of the ONNX file and the torch module over `inputs`.

    inputs: of `image`, or by name in the order of the module's arguments. source: what the module
    is, in words. Raises PackError above `FLOAT_BOUND`.
    """
    run = session(model)
    worst = 0.0
    for value in inputs:
        given = value if isinstance(value, Mapping) else {"image": value}
        with torch.no_grad():
            wanted = module(*(torch.from_numpy(v) for v in given.values()))
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        for want, got in zip(wanted, run.run(None, dict(given)), strict=True):
            expected = want.numpy()
            if got.shape != expected.shape:
                raise PackError(f"{model.graph.name}: shape {got.shape}, not {expected.shape}")
            size = max(1.0, float(np.abs(expected).max()))
            worst = max(worst, float(np.abs(got - expected).max()) / size)
    return _checked(
        model,
        Parity(f"float ONNX against {source}, largest difference", worst, FLOAT_BOUND),
        low_is_good=True,
    )


def embedding_parity(
    exact: ModelProto, small: ModelProto, inputs: Sequence[Tensor]
) -> tuple[Parity, Parity]:
    """Mean and least cosine between the embeddings of two versions of one embedder.

    Raises PackError below `COSINE_MEAN` or `COSINE_MIN`.
    """
    runs = session(exact), session(small)
    cosines = []
    for value in inputs:
        a, b = (run.run(None, {"image": value})[0].ravel() for run in runs)
        cosines.append(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))
    mean = Parity("8-bit against float, mean cosine", float(np.mean(cosines)), COSINE_MEAN)
    least = Parity("8-bit against float, least cosine", float(np.min(cosines)), COSINE_MIN)
    return (_checked(small, mean, low_is_good=False), _checked(small, least, low_is_good=False))


def _checked(model: ModelProto, parity: Parity, *, low_is_good: bool) -> Parity:
    value, bound = parity.value, parity.bound
    good = value <= bound if low_is_good else value >= bound  # NaN fails either way
    if not good:
        raise PackError(f"{model.graph.name}: {parity.what} is {value:.3g}, bound {bound:g}")
    return parity
