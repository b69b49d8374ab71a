"""Puts a pack together: converted networks, the rest from a base pack, one manifest."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from onnx import ModelProto
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge import packs
from edge.errors import UsageError
from edge.packs.check import check
from edge.packs.schema import NetworkRole

from . import ours, pack_writer, report, scores
from .convert import Converted, Int8, convert, exact_model
from .faces import Source, look
from .layers import layers
from .onnx_file import to_bytes
from .ours import Net, Settings
from .ranges import Method


@dataclass(frozen=True)
class Order:
    """What to make. checkpoints: by role; what is missing comes from `base`.

    names: name, version, summary of the pack; None keeps the base's. pictures: folders or tars,
    `limit` of each. int8, methods: by role; no method compares all. bounds: by measure, in place
    of its own. scores: a file for the embedder's curve. measure: pictures of people to measure it
    on instead, with the finished networks. Neither keeps the base's, which an embedder of our own
    has not. shift: its `same_camera_shift`; None keeps the base's. confidence, live: bounds of the
    base's landmarks and liveness, where these are not made anew; None keeps them.
    """

    checkpoints: Mapping[str, Path]
    base: str | Path
    out: Path
    force: bool = False
    names: Mapping[str, str | None] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    pictures: tuple[Path, ...] = ()
    limit: int = 300
    held_back: tuple[str, ...] = ()
    int8: Mapping[str, Int8] = field(default_factory=dict)
    methods: Mapping[str, Method | None] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)
    scores: Path | None = None
    measure: Path | None = None
    shift: float | None = None
    confidence: float | None = None
    live: float | None = None
    report: Path | None = None


def make(order: Order, console: Console) -> tuple[list[Converted], list[str]]:
    """Writes `order.out`, whole or not at all; returns what was measured, and notes for a person.

    Raises PackError and its subclasses, CheckpointError, DataError, UsageError.
    """
    base = packs.pack_path(order.base)
    raw, files = read_base(base)
    nets = [
        _bounded(ours.from_checkpoint(role, path, order.settings), order.bounds)
        for role, path in order.checkpoints.items()
    ]
    if unknown := set(order.bounds) - {m.name for net in nets for m in net.measures}:
        raise UsageError(f"--bound: no network given has a measure {sorted(unknown)[0]!r}")
    _lay_bounds(raw, order)
    notes = _lay_scores(raw, order)
    raw |= {key: value for key, value in order.names.items() if value is not None}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        pack_writer.staged(order.out, force=order.force) as folder,
        Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress,
    ):
        sources = [Source.of(path, order.limit, order.held_back) for path in order.pictures]
        found = convert_all(order, nets, sources, raw, files, progress)
        for converted in found:
            files[converted.net.role] = converted.data
        if order.measure is not None:
            progress.stop()  # the measuring shows its own
            _measure(raw, files, order.measure, console)
        write_pack(folder, raw, files)
        check(folder)
    if order.report is not None:
        about = {
            "name": raw["name"],
            "version": raw["version"],
            "base": str(order.base) if str(order.base) == "default" else base.name,
            "calibrated_on": [{"name": s.name, "pictures": len(s.sides)} for s in sources],
            "notes": notes,
        }
        report.write(order.report, report.as_data(found, about))
    return found, notes


def read_base(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest as plain values and the checked files, both by role."""
    manifest = packs.read_manifest(folder)
    raw = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    files = {
        name: packs.read_model(folder, role)
        for name in raw["roles"]
        if isinstance(role := getattr(manifest.roles, name), NetworkRole)
    }
    return raw, files


def _bounded(net: Net, bounds: Mapping[str, float]) -> Net:
    own = tuple(replace(m, bound=bounds.get(m.name, m.bound)) for m in net.measures)
    return replace(net, measures=own)


def _lay_bounds(raw: dict[str, Any], order: Order) -> None:
    roles = raw["roles"]
    if order.confidence is not None and "landmarks" not in order.checkpoints:
        if "min_confidence" not in roles["landmarks"]["head"]:
            raise UsageError("--min-confidence: the base's landmarks tell no confidence")
        roles["landmarks"]["head"]["min_confidence"] = order.confidence
    if order.live is not None and "liveness" not in order.checkpoints:
        roles["liveness"].get("head", roles["liveness"])["bound"] = order.live


def _lay_scores(raw: dict[str, Any], order: Order) -> list[str]:
    """Lays the curve of `order` into `raw`; notes what the curve does not cover."""
    # A precaution of the pack, not a part of what is measured: it stays unless another is given.
    kept = {"same_camera_shift": order.shift}
    head = raw["roles"]["embedder"]["head"]
    if order.shift is None:
        kept = {k: v for k, v in head["scores"].items() if k == "same_camera_shift"}
    if order.scores is not None:
        head["scores"] = kept | scores.from_file(order.scores)
    elif order.measure is not None:
        head["scores"] = kept | scores.UNMEASURED
    else:
        head["scores"] |= kept
        if {"detector", "landmarks"} & set(order.checkpoints):
            return [
                "The embedder's curve is the base pack's, measured with other crops. Measure it "
                "with --measure PICTURES before the pack is used."
            ]
    return []


def _measure(
    raw: dict[str, Any], files: Mapping[str, bytes], pictures: Path, console: Console
) -> None:
    with tempfile.TemporaryDirectory(prefix="face-gate-") as name:
        write_pack(Path(name), raw, files)
        found = scores.measured(Path(name), pictures, console)
    raw["roles"]["embedder"]["head"]["scores"] |= found


def lay_role(raw: dict[str, Any], net: Net) -> None:
    """Puts a network's part into the manifest `raw`; an embedder's scores stay those of `raw`."""
    if net.role == "embedder":
        net.manifest["head"]["scores"] = raw["roles"]["embedder"]["head"]["scores"]
    raw["roles"][net.role] = {"file": f"{net.role}.onnx", "sha256": "", **net.manifest}


def convert_all(
    order: Order,
    nets: list[Net],
    sources: list[Source],
    raw: dict[str, Any],
    files: Mapping[str, bytes],
    progress: Progress,
) -> list[Converted]:
    """Float file, 8 bits, and which of them is worth shipping, of each network.

    raw, files: of the whole pack, whose networks find the faces; `raw` gets the networks' parts.
    """
    if not nets:
        return []
    bar = progress.add_task("converting", total=len(nets))
    exact: dict[str, ModelProto] = {}
    for net in nets:
        exact[net.role] = exact_model(net)
        lay_role(raw, net)
        progress.advance(bar)
    with tempfile.TemporaryDirectory(prefix="face-gate-") as name:
        floats = {role: to_bytes(model) for role, model in exact.items()}
        write_pack(Path(name), raw, {**files, **floats})
        wanted = [net.role for net in nets]
        optional = [role for role in wanted if role == "age_gender"]
        pack = packs.load(name, optional=optional)
        bar = progress.add_task("finding faces", total=sum(len(s.sides) for s in sources))
        seen = look(pack, sources, wanted, lambda: progress.advance(bar))
    done = []
    for net in nets:
        bar = progress.add_task(f"{net.role} in 8 bits", total=len(layers(exact[net.role])))
        done.append(
            convert(
                net,
                exact[net.role],
                seen[net.role],
                int8=order.int8.get(net.role, "auto"),
                method=order.methods.get(net.role),
                advance=lambda bar=bar: progress.advance(bar),  # type: ignore[misc]
            )
        )
    return done


def write_pack(folder: Path, raw: dict[str, Any], files: Mapping[str, bytes]) -> None:
    """Every role's file under the role's name, with its hash in the manifest."""
    for role, data in files.items():
        raw["roles"][role] |= {"file": f"{role}.onnx", "sha256": pack_writer.sha256(data)}
    pack_writer.write(folder, {f"{role}.onnx": data for role, data in files.items()}, raw)
