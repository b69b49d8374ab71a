"""Public face networks by name: packs, or checked files for what a pack cannot hold.

Examples:
  python -m export.zoo list
  # as it was converted and measured here: needs no pictures
  python -m export.zoo fetch mobilefacenet-ms1m --out packs/mobilefacenet
  # from a folder or another server that has the files by their names
  python -m export.zoo fetch mobilefacenet-ms1m --mirror ../shared/models --out packs/mobilefacenet
  # with 8-bit ranges and scores of your own: lfw/PERSON/PERSON_0001.jpg
  python -m export.zoo fetch buffalo-s --accept-licence --calibrate lfw.tar --data lfw.tar \\
      --out packs/buffalo

A file is used when its SHA-256 is the catalogue's; whatever interrupts a download leaves nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.errors import UsageError
from training import cli

from ..errors import ExportError
from . import catalogue, pins
from .entry import Entry
from .make import Order, make

YES = "yes"


class LicenceNotAcceptedError(ExportError):
    """A network was asked for whose licence must be accepted, and was not."""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code, or raises one of our errors (see `training.cli.run`)."""
    args = _parser().parse_args(argv)
    return _list(args) if args.verb == "list" else _fetch(args)


def _parser() -> argparse.ArgumentParser:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = cli.parser("export.zoo", heading, rest)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|fetch")
    listing = verbs.add_parser(
        "list", help="what there is: roles, sizes, licences, accuracy", allow_abbrev=False
    )
    listing.add_argument("--json", action="store_true", help="machine-readable")
    one = verbs.add_parser("fetch", help="make a pack of a network", allow_abbrev=False)
    add = one.add_argument
    add("name", metavar="NAME", help=", ".join(catalogue.ENTRIES))
    add("--out", type=Path, required=True, metavar="OUT", help="folder of the pack, or .onnx file")
    add("--force", action="store_true", help="replace what is in --out")
    add("--base", default="default", metavar="PACK", help="gives all other roles (%(default)s)")
    add("--mirror", metavar="DIR_OR_URL", help="take files from there, not from their publishers")
    add("--accept-licence", action="store_true", help="for networks that ask; see list")
    add("--data", type=Path, metavar="FOLDER_OR_TAR", help="people to measure the pack on")
    add("--report", type=Path, metavar="DIR", help="write report.json and report.md there")
    add("--json", action="store_true", help="machine-readable result")
    group = one.add_argument_group("8 bits, instead of those pinned")
    add = group.add_argument
    add("--calibrate", type=Path, nargs="+", default=[], metavar="FOLDER_OR_TAR")
    add("--int8", choices=("auto", "always", "never"), default="auto", help="auto: where it pays")
    add("--pictures", type=int, default=300, metavar="N", help="of each set (default %(default)s)")
    add(
        "--held-back",
        nargs="+",
        default=[],
        metavar="PERSON",
        help="people kept out of calibration besides training.split's",
    )
    add("--pin", type=Path, metavar="FILE.toml", help="write down how it was made and measured")
    return parser


def _list(args: argparse.Namespace) -> int:
    rows = [_described(entry) for entry in catalogue.ENTRIES.values()]
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    out = Console(highlight=False)
    for row in rows:
        table = Table(show_header=False, box=None, padding=(0, 1, 0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row("makes", f"a {row['makes']}: {', '.join(row['roles'])}")
        table.add_row("download", f"{row['bytes'] / 1e6:.1f} MB")
        table.add_row("licence", escape(row["licence"]))
        table.add_row("commerce", _COMMERCE[row["commercial_use"]])
        table.add_row("measured", escape(row["measured"]))
        if row["needs"]:
            table.add_row("needs", row["needs"])
        for note in row["notes"]:
            table.add_row("note", escape(note))
        table.add_row("from", escape(row["page"]))
        out.print(f"[bold]{row['name']}[/]: {escape(row['what'])}")
        out.print(table)
    return 0


_COMMERCE = {
    None: "nothing is claimed: read the licence, and what it was trained on",
    "allowed": "allowed",
    "forbidden": "[red]forbidden[/]; fetch asks",
}


def _described(entry: Entry) -> dict[str, Any]:
    pin = pins.read(entry.name)
    ready = pin is not None or entry.makes == "file"
    return {
        "name": entry.name,
        "what": entry.what,
        "roles": list(entry.roles),
        "bytes": entry.size,
        "licence": entry.licence,
        "commercial_use": entry.commercial_use,
        "asks": entry.asks,
        "paper": entry.paper,
        "page": entry.page,
        "notes": list(entry.notes),
        "makes": entry.makes,
        "pinned": pin is not None,
        "needs": None if ready else "--calibrate and --data",
        "accuracy": None if pin is None else pin.accuracy,
        "measured": "not here" if pin is None else _figure(pin.accuracy),
        "files": [
            {"name": f.name, "sha256": f.sha256, "bytes": f.size, "url": f.url, "member": f.member}
            for network in entry.networks
            for f in network.files
        ],
    }


def _figure(accuracy: dict[str, Any]) -> str:
    """The figures in one line."""
    points = ", ".join(f"{p['tar']:.4f} at FAR {p['far']:.0e}" for p in accuracy["points"])
    return (
        f"TAR {points} on {accuracy['data']} ({accuracy['people']} people, "
        f"{accuracy['impostor_pairs']:,} impostor pairs)"
    )


def _fetch(args: argparse.Namespace) -> int:
    torch.set_num_threads(1)  # one order of summation: the same bytes on every machine
    entry = catalogue.entry(args.name)
    if args.int8 != "auto" and not args.calibrate:
        raise UsageError("--int8 needs --calibrate: what is pinned was decided before")
    if args.pictures < 8:
        raise UsageError(f"--pictures must be at least 8, not {args.pictures}")
    console = Console(stderr=True, highlight=False)
    _accepted(entry, args, console)
    done = make(
        Order(
            entry,
            base=args.base,
            out=args.out,
            force=args.force,
            mirror=args.mirror,
            pictures=tuple(args.calibrate),
            limit=args.pictures,
            held_back=tuple(args.held_back),
            data=args.data,
            int8=args.int8,
            report=args.report,
            pin=args.pin,
        ),
        console,
    )
    if args.json:
        print(json.dumps(done, indent=2))
        return 0
    out = Console(highlight=False)
    out.print(_table(done))
    if done["accuracy"]:
        out.print(_figure(done["accuracy"]), markup=False, soft_wrap=True)
    for note in (*done["notes"], f"Licence: {entry.licence}"):
        console.print(note, markup=False, soft_wrap=True)
    console.print(f"wrote {args.out}", markup=False, soft_wrap=True)
    return 0


def _accepted(entry: Entry, args: argparse.Namespace, console: Console) -> None:
    """LicenceNotAcceptedError unless the person has accepted a licence that must be accepted."""
    if not entry.asks:
        return
    console.print(f"{entry.name}: {entry.licence} ({entry.page})", markup=False, soft_wrap=True)
    if args.accept_licence:
        return
    if sys.stdin.isatty() and not args.json:
        console.print(f"Type {YES} to accept it: ", end="")
        if sys.stdin.readline().strip().lower() == YES:
            return
        raise LicenceNotAcceptedError("not accepted; nothing was fetched")
    raise LicenceNotAcceptedError(
        f"{entry.name}: read the licence and give --accept-licence; nothing was fetched"
    )


def _table(done: dict[str, Any]) -> Table:
    table = Table("network", "shipped", "kB", "agreement", "value", "bound")
    for role, net in done["networks"].items():
        parity = net["torch_parity"]
        rows = [(parity["what"], parity["largest_difference"], parity["bound"])]
        rows += [
            (f"8 bits against float: {name}, {e['unit']}", e["mean"], e["bound"])
            for name, e in net.get("int8_errors", {}).items()
        ]
        for i, (what, value, bound) in enumerate(rows):
            first = (role, net["shipped"], f"{net['bytes']['shipped'] / 1000:.0f}")
            table.add_row(*(first if i == 0 else ("",) * 3), what, f"{value:.3g}", f"{bound:g}")
    return table


if __name__ == "__main__":
    cli.leave(main)
