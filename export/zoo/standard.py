"""A published ONNX file as the device wants it: one input `image`, named outputs, fixed shapes."""

from __future__ import annotations

import onnx
import torch
from onnx import ModelProto, version_converter
from torch import Tensor, nn

from ..errors import ExportError
from ..onnx_file import OPSET
from ..ours import Net
from ..parity import session
from ..simplify import simplify
from .entry import Network

IR_VERSION = 10
INPUT = "image"


def read(data: bytes, name: str) -> ModelProto:
    """Raises ExportError when the bytes are no ONNX model with one input."""
    try:
        model = onnx.load_from_string(data)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf's and the checker's errors share no public base class
        raise ExportError(f"{name}: not an ONNX file: {error}") from error
    # Old exporters list weights as inputs, too.
    stored = {t.name for t in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in stored]
    if len(inputs) != 1:
        raise ExportError(f"{name}: {len(inputs)} inputs, not one: {[i.name for i in inputs]}")
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, IR_VERSION)
    return model


def original(model: ModelProto, network: Network, name: str) -> ModelProto:
    """`model` of `read` with only what must be fixed: its input's shape, which outputs and where.

    Raises ExportError when they are not those that the zoo states.
    """
    kept = ModelProto()
    kept.CopyFrom(model)
    spec, given = network.spec, kept.graph.input[0]
    dims = given.type.tensor_type.shape.dim
    wanted = (1, 3, spec.height, spec.width)
    # Fixed by the file: all of them for most, none but the channels for a sized network.
    fixed = [d.dim_value for d in dims]
    for i, (have, want) in enumerate(zip(fixed, wanted, strict=False)):
        if have not in (0, want) and not (network.sized and i > 1):
            raise ExportError(f"{name}: input {given.name} has shape {fixed}, not {list(wanted)}")
    if len(fixed) != len(wanted):
        raise ExportError(f"{name}: input {given.name} has {len(fixed)} dimensions, not 4")
    for dim, want in zip(dims, wanted, strict=True):
        dim.Clear()
        dim.dim_value = want
    have = {o.name: o for o in kept.graph.output}
    names = network.theirs or tuple(have)
    if missing := [n for n in names if n not in have]:
        raise ExportError(f"{name}: no output {missing[0]!r}; it has {list(have)}")
    if network.theirs is None and len(names) != len(network.ours):
        raise ExportError(f"{name}: {len(names)} outputs ({list(have)}), not {len(network.ours)}")
    del kept.graph.output[:]
    for n in names:
        have[n].type.tensor_type.ClearField("shape")  # of another input size, perhaps
        kept.graph.output.append(have[n])
    del kept.graph.value_info[:]
    return kept


def standard(kept: ModelProto, network: Network) -> ModelProto:
    """The float file of the pack, from `original`: our names, one operator set, simplified."""
    model = ModelProto()
    model.CopyFrom(kept)
    _rename(model, model.graph.input[0].name, INPUT)
    if network.ending is None:
        for output, ours in zip(list(model.graph.output), network.ours, strict=True):
            _rename(model, output.name, ours)
    model.graph.name = network.role
    versions = {o.domain: o.version for o in model.opset_import}
    if versions.get("", 0) < OPSET:
        try:
            model = version_converter.convert_version(model, OPSET)
        except Exception as error:  # the converter's errors share no public base class
            raise ExportError(
                f"{network.role}: operators of set {versions.get('')} have no form in set {OPSET}: "
                f"{error}"
            ) from error
    if network.ending is not None:
        network.ending.graph(model, network.spec)
    return simplify(_shaped(model))


def _shaped(model: ModelProto) -> ModelProto:
    """Output shapes as the network has them for its input, which a manifest can be held against."""
    run = session(model)
    spec = run.get_inputs()[0]
    values = run.run(None, {INPUT: torch.zeros(spec.shape).numpy()})
    for output, value in zip(model.graph.output, values, strict=True):
        shape = output.type.tensor_type.shape
        shape.Clear()
        for side in value.shape:
            shape.dim.add().dim_value = side
    return model


def _rename(model: ModelProto, old: str, new: str) -> None:
    graph = model.graph
    taken = {o for n in graph.node for o in n.output} | {t.name for t in graph.initializer}
    if new != old and new in taken:
        raise ExportError(f"{graph.name}: has a value named {new!r} already")
    for node in graph.node:
        for values in (node.input, node.output):
            for i, value in enumerate(values):
                if value == old:
                    values[i] = new
    for value in (*graph.input, *graph.output):
        if value.name == old:
            value.name = new


class Original(nn.Module):
    """The published file itself behind torch's interface, with its ending computed by torch."""

    def __init__(self, kept: ModelProto, network: Network) -> None:
        super().__init__()
        self._run, self._name = session(kept), kept.graph.input[0].name
        self._ending = network.ending.torch(network.spec) if network.ending else None

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs = [torch.from_numpy(v) for v in self._run.run(None, {self._name: x.numpy()})]
        return tuple(outputs) if self._ending is None else tuple(self._ending(*outputs))


def net(data: bytes, network: Network, name: str, about: dict[str, str]) -> Net:
    """The network of a published file on its way into a pack.

    about: licence, commercial_use and source for the manifest. Raises ExportError.
    """
    kept = original(read(data, name), network, name)
    module = Original(kept, network).eval()
    model = standard(kept, network)
    manifest = {
        "input": network.spec.model_dump(mode="json", exclude_none=True),
        "head": dict(network.head),
        **about,
    }
    if network.role == "liveness":
        manifest["kind"] = "network"
    return Net(
        network.role,
        module,
        network.spec.height,
        network.spec.width,
        network.ours,
        network.measures,
        manifest,
        source="the file as published",
        given=model,
    )
