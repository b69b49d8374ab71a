"""A conversion made again without pictures of people, and held against the published file."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge import packs

from .. import assemble, measures
from ..convert import CHECKED, Converted
from ..errors import ExportError
from ..faces import Tensor
from ..layers import kernels
from ..onnx_file import to_bytes
from ..parity import embedding_parity, float_parity, run
from . import pins, portraits
from .networks import Fetched


def pinned(
    pin: pins.Pin, networks: Sequence[Fetched], raw: dict[str, Any], files: Mapping[str, bytes]
) -> list[Converted]:
    """What was pinned. `raw` gets the networks' parts; with `files` it is a whole pack.

    Raises ExportError when a file is another than the pin's, or something says other things than
    the published file on the portrait.
    """
    for fetched in networks:
        role, stated = fetched.net.role, pin.networks[fetched.net.role].source
        if stated != fetched.sha256:
            raise ExportError(
                f"{pin.entry}: pinned for {role} is the file with SHA-256 {stated}, and this is "
                f"{fetched.sha256} ({fetched.file.name}): give --calibrate and --data"
            )
    seen = _seen(networks, raw, files)
    return [_made(f, pin.networks[f.net.role], seen[f.net.role]) for f in networks]


def as_float(
    networks: Sequence[Fetched], raw: dict[str, Any], files: Mapping[str, bytes]
) -> list[Converted]:
    """Float files; otherwise as `pinned`."""
    seen = _seen(networks, raw, files)
    return [_made(f, None, seen[f.net.role]) for f in networks]


def _seen(
    networks: Sequence[Fetched], raw: dict[str, Any], files: Mapping[str, bytes]
) -> dict[str, list[Tensor]]:
    floats = {}
    for fetched in networks:
        assert fetched.net.given is not None
        floats[fetched.net.role] = to_bytes(fetched.net.given)
        assemble.lay_role(raw, fetched.net)
    with tempfile.TemporaryDirectory(prefix="face-gate-") as name:
        assemble.write_pack(Path(name), raw, {**files, **floats})
        return portraits.seen(packs.load(name), list(floats))


def _made(fetched: Fetched, how: pins.PinnedNetwork | None, seen: Sequence[Tensor]) -> Converted:
    net, exact = fetched.net, fetched.net.given
    assert exact is not None
    parity = float_parity(net.module, exact, seen[:CHECKED], net.source)
    if how is None or how.method is None:
        why = "8 bits were not asked for" if how is None else "as pinned"
        kernel = {"float": kernels(exact)}
        return Converted(net, exact, exact, "float", why, parity, None, {}, None, kernel, ())
    small = pins.model_of(how, exact)
    wanted, got = (run(model, net.outputs, seen) for model in (exact, small))
    errors = measures.errors(net.measures, wanted, got)
    if net.role == "embedder":
        embedding_parity(exact, small, seen)
    for measure in net.measures:
        if not errors[measure.name] <= measure.bound:  # NaN fails too
            raise ExportError(
                f"{net.role}: 8 bits against float, {measure.name} is {errors[measure.name]:.3g} "
                f"{measure.unit} on the portrait, bound {measure.bound:g}"
            )
    kernel = {"float": kernels(exact), "int8": kernels(small)}
    return Converted(
        net, exact, small, "int8", "as pinned", parity, None, errors, None, kernel, how.floats
    )
