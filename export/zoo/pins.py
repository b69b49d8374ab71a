"""How an entry was converted and what was measured of it, so that others get the same without data.

A pin has the activation ranges and the layers that stay in float: with them a network becomes the
same 8-bit file without pictures. Its scores belong to those bytes and to the detector and landmark
network that cut the crops, and are given out for no others.
"""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w
from onnx import ModelProto
from pydantic import Field, ValidationError

from edge.outputs import replacing
from edge.packs import describe
from edge.packs.schema import Model, ScoreDistribution, Sha256

from ..convert import Converted
from ..errors import ExportError
from ..layers import integer_nodes
from ..quantise import quantise
from ..ranges import Method, Range
from .entry import Entry

FOLDER = Path(__file__).parent / "pinned"
TOOLS = ("onnx", "onnxruntime", "torch")
"""What the bytes of a conversion depend on."""
CUTTERS = ("detector", "landmarks", "embedder")
"""The roles on whose files an embedding depends."""


class PinnedNetwork(Model):
    """source: SHA-256 of the published ONNX file. sha256: of the file that is made of it.

    method, ranges, floats: as in `export.mixed.Mixed`; empty for a network that stays in float.
    """

    source: Sha256
    sha256: Sha256
    method: Method | None = None
    ranges: dict[str, Range] = Field(default_factory=dict)
    floats: tuple[str, ...] = ()


class Pin(Model):
    """made_with: releases of `TOOLS`. files: SHA-256 of each of `CUTTERS` that was measured.

    accuracy: figures for a person. scores: of the embedder, where the entry moves them.
    """

    entry: str
    made_with: dict[str, str]
    networks: dict[str, PinnedNetwork]
    files: dict[str, Sha256]
    accuracy: dict[str, Any]
    scores: ScoreDistribution | None = None

    def scores_for(self, files: Mapping[str, str]) -> dict[str, Any]:
        """The scores of a pack whose files have these hashes, by role. Raises ExportError."""
        assert self.scores is not None
        other = [role for role in CUTTERS if files[role] != self.files[role]]
        if other:
            role = other[0]
            made = ", ".join(f"{tool} {release}" for tool, release in self.made_with.items())
            have = ", ".join(f"{tool} {release}" for tool, release in releases().items())
            raise ExportError(
                f"the pinned scores of {self.entry} belong to the {role} {self.files[role]}, this "
                f"pack's is {files[role]}; measure it with --data. (Pinned with {made}; here are "
                f"{have}.)"
            )
        return self.scores.model_dump(mode="json")


def releases() -> dict[str, str]:
    """Of `TOOLS`, as installed."""
    return {tool: importlib.metadata.version(tool).split("+")[0] for tool in TOOLS}


def read(name: str) -> Pin | None:
    """The pin of an entry; None where there is none. Raises ExportError when it is malformed."""
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        return None
    try:
        pin = Pin.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ExportError(f"{path}:\n{describe(error)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExportError(f"{path}: {error}") from error
    if pin.entry != name:
        raise ExportError(f"{path}: is the pin of {pin.entry!r}")
    return pin


def model_of(pinned: PinnedNetwork, exact: ModelProto) -> ModelProto:
    """The file to ship, made of the float one as it was when pinned."""
    if pinned.method is None:
        return exact
    return quantise(exact, pinned.ranges, integer_nodes(exact, pinned.floats))


def write(
    path: Path,
    entry: Entry,
    found: Sequence[Converted],
    sources: Mapping[str, str],
    files: Mapping[str, str],
    accuracy: Mapping[str, Any],
    scores: Mapping[str, Any] | None,
) -> None:
    """A pin of what was just made, whole or not at all. Raises OutputError.

    sources: SHA-256 of the published ONNX files, files: of the pack's, by role.
    """
    networks = {}
    for c in found:
        pinned: dict[str, Any] = {"source": sources[c.net.role], "sha256": files[c.net.role]}
        if c.kind == "int8" and c.mixed is not None:
            used = {v for n in c.exact.graph.node for v in (*n.input, *n.output)}
            pinned |= {
                "method": c.mixed.method,
                "floats": list(c.mixed.floats),
                "ranges": {k: list(v) for k, v in c.mixed.ranges.items() if k in used},
            }
        networks[c.net.role] = pinned
    data = {
        "entry": entry.name,
        "made_with": releases(),
        "files": {role: files[role] for role in CUTTERS},
        "accuracy": dict(accuracy),
        **({} if scores is None else {"scores": dict(scores)}),
        "networks": networks,
    }
    heading = "# Written by python -m export.zoo fetch --pin; do not edit.\n\n"
    with replacing(path) as part:
        part.write_text(heading + tomli_w.dumps(data), encoding="utf-8")
