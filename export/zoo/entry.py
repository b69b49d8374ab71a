"""What the zoo states about a public network: where it is, which bytes, whose, how it is fed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from onnx import ModelProto
from torch import nn

from edge.packs.schema import InputSpec

from ..measures import Measure


@dataclass(frozen=True)
class Published:
    """One file as its publisher serves it.

    name: in a mirror. url: None where no address of these very bytes is known; then a mirror must
    have it. sha256, size: of the file; where an archive, `member` is taken out of it, whose hash
    is `member_sha256`.
    """

    name: str
    sha256: str
    size: int
    url: str | None
    member: str | None = None
    member_sha256: str | None = None


@dataclass(frozen=True)
class Ending:
    """What is put behind a network so that its outputs are those of a head of the pack.

    graph: adds the nodes and names the outputs. torch: the same arithmetic written once more, to
    hold the graph against.
    """

    graph: Callable[[ModelProto, InputSpec], None]
    torch: Callable[[InputSpec], nn.Module]


@dataclass(frozen=True, eq=False)
class Network:
    """One network of an entry and its part of the manifest.

    files: the same network, in order of preference. theirs: its outputs by the file's names, None:
    all in the file's order. ours: by the names that the manifest uses. sized: whether the file may
    be run at the size of `spec` though it states another: it has no dense layers.
    """

    role: Literal["detector", "embedder", "liveness"]
    files: tuple[Published, ...]
    ours: tuple[str, ...]
    spec: InputSpec
    head: Mapping[str, Any]
    measures: tuple[Measure, ...]
    theirs: tuple[str, ...] | None = None
    sized: bool = False
    ending: Ending | None = None


@dataclass(frozen=True, eq=False)
class Entry:
    """A named choice of public networks that makes a pack with what a base pack adds.

    licence, commercial_use: as in a manifest's role (`edge.packs.schema.NetworkRole`). asks:
    whether fetching it needs the licence's acceptance. notes: what a person should know. makes:
    a pack, whose embeddings are new, or the one network's file alone. same_camera_shift: of the
    embedder (`edge.packs.schema.ScoreDistribution`); None keeps the base pack's.
    """

    name: str
    what: str
    page: str
    licence: str
    commercial_use: Literal["allowed", "forbidden"] | None
    paper: str
    networks: tuple[Network, ...]
    asks: bool = False
    notes: tuple[str, ...] = ()
    makes: Literal["pack", "file"] = "pack"
    same_camera_shift: float | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(network.role for network in self.networks)

    @property
    def size(self) -> int:
        """Bytes to download, each file once."""
        files = {network.files[0].sha256: network.files[0].size for network in self.networks}
        return sum(files.values())

    @property
    def moves_scores(self) -> bool:
        """Whether embeddings change with it, so that the base pack's curve says nothing."""
        return bool({"detector", "embedder"} & set(self.roles))
