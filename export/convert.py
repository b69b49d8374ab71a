"""One network on its way: float ONNX, 8 bits, and which of the two is worth shipping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from onnx import ModelProto

from . import measures
from .errors import ExportError
from .faces import Seen
from .latency import Latency, compare
from .layers import kernels, layers
from .mixed import Mixed, quantised
from .onnx_file import from_torch, to_bytes
from .ours import Net
from .parity import Parity, float_parity, run
from .ranges import Method
from .simplify import simplify

Int8: TypeAlias = Literal["auto", "always", "never"]
CHECKED = 16
"""Crops on which float ONNX is held against torch."""


@dataclass(frozen=True, eq=False)
class Converted:
    """A network as it is shipped, and all that was measured on the way.

    kind: of `model`; why: in words. parity: of float ONNX and torch. errors: of the 8-bit version
    against float on people whom no training saw, by measure. kernels: what ONNX Runtime runs.
    """

    net: Net
    exact: ModelProto
    model: ModelProto
    kind: Literal["float", "int8"]
    why: str
    parity: Parity
    mixed: Mixed | None
    errors: dict[str, float]
    latency: Latency | None
    kernels: dict[str, dict[str, int]]
    left_float: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """The file's content."""
        return to_bytes(self.model)


def exact_model(net: Net) -> ModelProto:
    """Float ONNX of the module, simplified; or the file that the network came as."""
    if net.given is not None:
        return net.given
    return simplify(from_torch(net.module, net.height, net.width, net.outputs, net.role))


def convert(
    net: Net,
    exact: ModelProto,
    seen: Seen,
    *,
    int8: Int8,
    method: Method | None,
    advance: Callable[[], object] = lambda: None,
) -> Converted:
    """Checks float ONNX against torch, quantises, measures, decides.

    Raises ExportError when `int8` is "always" and no 8-bit version is within its bounds, PackError
    when the float file and torch differ.
    """
    parity = float_parity(net.module, exact, seen.held[:CHECKED], net.source)
    if int8 == "never":
        return Converted(
            net, exact, exact, "float", "8 bits were not asked for", parity, None, {}, None,
            {"float": kernels(exact)}, (),
        )  # fmt: skip
    mixed = quantised(
        exact,
        net.outputs,
        net.measures,
        seen.calibration,
        seen.choosing,
        method=method,
        advance=advance,
    )
    wanted = run(exact, net.outputs, seen.held)
    errors = measures.errors(net.measures, wanted, run(mixed.model, net.outputs, seen.held))
    latency = compare(exact, mixed.model, seen.held[0])
    good, why = _verdict(mixed, latency, int8)
    if int8 == "always" and not good:
        raise ExportError(f"{net.role}: {why}; leave out --int8 always or raise --bound")
    return Converted(
        net,
        exact,
        mixed.model if good else exact,
        "int8" if good else "float",
        why,
        parity,
        mixed,
        errors,
        latency,
        {"float": kernels(exact), "int8": kernels(mixed.model)},
        _left_float(exact, mixed),
    )


def _verdict(mixed: Mixed, latency: Latency, int8: Int8) -> tuple[bool, str]:
    if not mixed.within:
        return False, (
            f"8 bits stay {mixed.share:.2g} times outside the bounds with half of the layers in "
            "float"
        )
    speed = f"8 bits take {latency.ratio:.2f} of the time of float"
    if int8 == "always":
        return True, f"asked for; {speed}"
    return latency.ratio <= 1.0, speed


def _left_float(exact: ModelProto, mixed: Mixed) -> tuple[str, ...]:
    """Nodes of the float model that have no 8-bit form, or went back to float."""
    eight = {n for layer in layers(exact) for n in layer.nodes}
    back = {n for s in mixed.sensitivity if s.layer.name in mixed.floats for n in s.layer.nodes}
    return tuple(
        f"{node.name} ({node.op_type})"
        for node in exact.graph.node
        if node.op_type != "Constant" and (node.name not in eight or node.name in back)
    )
