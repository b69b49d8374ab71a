"""From a name of the zoo to a pack: fetch, convert, quantise, check, measure, write."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge import packs
from edge.errors import UsageError
from edge.packs.check import check

from .. import assemble, pack_writer, report, scores
from ..convert import Converted, Int8
from ..faces import Source
from . import accuracy, pins, repeat, single
from .entry import Entry
from .networks import Fetched, fetched

VERSION = "1.0"


@dataclass(frozen=True)
class Order:
    """What to make of `entry`.

    base: pack that gives all other roles. mirror: see `fetch.obtain`. pictures: folders or tars
    for calibration, `limit` of each, split by person; none takes the entry's pin. data:
    PERSON/anything.jpg to measure the finished pack on. int8: what `pictures` are used for, as in
    `export.convert`. pin: file to write a pin to.
    """

    entry: Entry
    base: str | Path
    out: Path
    force: bool = False
    mirror: str | None = None
    pictures: tuple[Path, ...] = ()
    limit: int = 300
    held_back: tuple[str, ...] = ()
    data: Path | None = None
    int8: Int8 = "auto"
    report: Path | None = None
    pin: Path | None = None


def make(order: Order, console: Console) -> dict[str, Any]:
    """Writes `order.out`, whole or not at all; returns what was made and measured, for JSON.

    Raises PackError and its subclasses (DownloadError among them), DataError, OutputError,
    UsageError.
    """
    raw, files = assemble.read_base(packs.pack_path(order.base))
    _lay(raw, order.entry)
    if order.entry.makes == "pack":
        networks, found, figures, hashes = _pack(order, raw, files, console)
    else:
        networks, found = _file(order, raw, files, console)
        figures, hashes = {}, {c.net.role: pack_writer.sha256(c.data) for c in found}
    about = {
        "name": raw["name"],
        "version": raw["version"],
        "base": str(order.base) if str(order.base) == "default" else Path(order.base).name,
        "calibrated_on": [{"name": p.name, "pictures": order.limit} for p in order.pictures],
        "notes": list(order.entry.notes),
    }
    done = report.as_data(found, about) | {
        "licence": order.entry.licence,
        "commercial_use": order.entry.commercial_use,
        "made_of": {f.net.role: {"file": f.file.name, "sha256": f.sha256} for f in networks},
        "sha256": hashes,
        "accuracy": figures,
    }
    if order.report is not None:
        report.write(order.report, done)
    return done


def _lay(raw: dict[str, Any], entry: Entry) -> None:
    """Name and summary; and no scores of another embedding while new ones are not there."""
    raw |= {
        "name": entry.name,
        "version": VERSION,
        "summary": f"{entry.what}; the rest of pack {raw['name']} {raw['version']}",
    }
    if entry.moves_scores:
        head = raw["roles"]["embedder"]["head"]
        shift = entry.same_camera_shift
        if shift is None:
            shift = head["scores"].get("same_camera_shift", 0.0)
        head["scores"] = {"same_camera_shift": shift, **scores.UNMEASURED}


def _pack(
    order: Order, raw: dict[str, Any], files: dict[str, bytes], console: Console
) -> tuple[list[Fetched], list[Converted], dict[str, Any], dict[str, str]]:
    """Networks, what became of them, figures, and the hashes of the pack's files."""
    pack_writer.require_free(order.out, force=order.force)
    pin = None if order.pictures else pins.read(order.entry.name)
    _require_evidence(order, pin, raw)
    networks = fetched(order.entry, order.mirror, console)
    if pin is None:
        found = _searched(order, networks, raw, files, console)
    else:
        found = repeat.pinned(pin, networks, raw, files)
    files |= {c.net.role: c.data for c in found}
    hashes = {role: pack_writer.sha256(data) for role, data in files.items()}
    if order.data is not None:
        figures, curve = _measured(raw, files, order.data, console)
    else:
        assert pin is not None  # see _require_evidence
        figures, curve = pin.accuracy, pin.scores_for(hashes)
    raw["roles"]["embedder"]["head"]["scores"] |= curve
    with pack_writer.staged(order.out, force=order.force) as folder:
        assemble.write_pack(folder, raw, files)
        check(folder)
        if order.pin is not None:
            kept = raw["roles"]["embedder"]["head"]["scores"]
            sources = {f.net.role: f.sha256 for f in networks}
            pins.write(order.pin, order.entry, found, sources, hashes, figures, kept)
    return networks, found, figures, hashes


def _require_evidence(order: Order, pin: pins.Pin | None, raw: Mapping[str, Any]) -> None:
    """Nothing is downloaded for a pack that could not be finished.

    Raises UsageError, ExportError.
    """
    entry = order.entry
    if pin is None and not order.pictures:
        raise UsageError(
            f"{entry.name} has no pinned conversion: give --calibrate PICTURES for its 8-bit "
            "ranges and --data PEOPLE for its scores"
        )
    if order.pin is not None and not (order.pictures and order.data):
        raise UsageError("--pin writes down what --calibrate and --data gave: give both")
    if order.data is not None:
        return
    if pin is None:
        raise UsageError(
            f"{entry.name} changes embeddings, and scores that were measured of others must not "
            "stand in its pack: give --data PEOPLE to measure them"
        )
    of_base = {role: raw["roles"][role]["sha256"] for role in pins.CUTTERS}
    pin.scores_for({r: pin.files[r] if r in entry.roles else of_base[r] for r in pins.CUTTERS})


def _searched(
    order: Order,
    networks: list[Fetched],
    raw: dict[str, Any],
    files: Mapping[str, bytes],
    console: Console,
) -> list[Converted]:
    """Ranges from training people, the least layers in float that keep the bounds."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        sources = [Source.of(path, order.limit, order.held_back) for path in order.pictures]
        int8 = dict.fromkeys(order.entry.roles, order.int8)
        plan = assemble.Order({}, order.base, order.out, int8=int8)
        nets = [f.net for f in networks]
        return assemble.convert_all(plan, nets, sources, raw, files, progress)


def _measured(
    raw: dict[str, Any], files: Mapping[str, bytes], data: Path, console: Console
) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="face-gate-") as name:
        assemble.write_pack(Path(name), raw, files)
        return accuracy.recognition(Path(name), data, console)


def _file(
    order: Order, raw: dict[str, Any], files: Mapping[str, bytes], console: Console
) -> tuple[list[Fetched], list[Converted]]:
    """One ONNX file with its licence and input contract in it."""
    if order.data is not None or order.pin is not None:
        raise UsageError(f"{order.entry.name} makes a file and no pack: no --data, no --pin")
    single.require_free(order.out, force=order.force)
    networks = fetched(order.entry, order.mirror, console)
    if order.pictures:
        found = _searched(order, networks, raw, files, console)
    else:
        found = repeat.as_float(networks, raw, files)
    single.write(order.out, found[0])
    return networks, found
