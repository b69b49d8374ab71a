"""Constant folding and fusing before quantisation, by ONNX Runtime itself.

Its basic level makes standard ONNX of standard ONNX: constants folded, batch normalisation, scale
and shift moved into convolutions, identities dropped. onnxslim and onnxsim were left out: ONNX
Runtime runs on the device anyway, so what it folds it also understands, and the exporter needs
no package more. Higher levels would write kernels that only this machine has.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import onnxruntime as ort
from onnx import ModelProto

from .errors import ExportError
from .onnx_file import tidy, to_bytes


def simplify(model: ModelProto) -> ModelProto:
    """The same function with fewer nodes, each with a name; `model` is left as it is.

    Raises ExportError when nodes outside the ONNX standard are left.
    """
    done = optimised(model, ort.GraphOptimizationLevel.ORT_ENABLE_BASIC)
    strange = sorted({n.domain for n in done.graph.node} - {"", "ai.onnx"})
    if strange:
        raise ExportError(f"{model.graph.name}: nodes of domain {strange[0]!r} after simplifying")
    for entry in [e for e in done.opset_import if e.domain not in ("", "ai.onnx")]:
        done.opset_import.remove(entry)
    done.ir_version = model.ir_version
    taken: set[str] = set()
    for i, node in enumerate(done.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}_{i}"
        taken.add(node.name)
    return tidy(done, model.graph.name)


def optimised(model: ModelProto, level: ort.GraphOptimizationLevel) -> ModelProto:
    """The graph that ONNX Runtime would run at `level` on this machine's CPU."""
    with tempfile.TemporaryDirectory(prefix="face-gate-") as folder:
        path = Path(folder) / "optimised.onnx"
        options = ort.SessionOptions()
        options.graph_optimization_level = level
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 3
        ort.InferenceSession(to_bytes(model), options, providers=["CPUExecutionProvider"])
        return onnx.load(path)
