"""What a pack is made of, and whether it is whole.

Examples:
  python -m edge.packs show                      # the default pack: roles, sizes, licences
  python -m edge.packs show ./my-pack --json
  python -m edge.packs check ./my-pack           # hashes, then every network runs once

`show` reads and hashes the files and runs nothing. Both end with 3 when a file is missing or is
not the one that the manifest names.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge import console
from edge.errors import HashMismatch
from edge.packs import pack_path, read_manifest
from edge.packs.check import check
from edge.packs.inventory import FORBIDDEN, contract, description, roles_of
from edge.packs.schema import LivenessArtefactsRole

EXIT_CODES = """\
exit codes:
    0  done
    2  wrong arguments
    3  the pack cannot be used, or a file of it was changed or is missing
    9  a network gave a value that is no number
  130  interrupted (Ctrl-C); 143 terminated
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = console.parser("edge.packs", heading, f"{rest}\n{EXIT_CODES}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="show|check")
    for verb, help_text in (
        ("show", "roles, files, sizes, hashes, inputs, licences, sources"),
        ("check", "load the pack and run each network once"),
    ):
        one = verbs.add_parser(verb, help=help_text, allow_abbrev=False)
        one.add_argument(
            "pack", nargs="?", default="default", metavar="PACK", help="'default' or a folder"
        )
        one.add_argument("--json", action="store_true", help="machine-readable results and errors")
    args = parser.parse_args(list(words))
    out = console.Output(as_json=args.json)
    return _show(args.pack, out) if args.verb == "show" else _check(args.pack, out)


def _show(pack: str, out: console.Output) -> int:
    data = description(pack)
    out.result(data, lambda to: _print(data, pack, to))
    return 0 if data["sound"] else HashMismatch.exit_code


def _check(pack: str, out: console.Output) -> int:
    data = description(pack)
    if not data["sound"]:
        wrong = {n: r["state"] for n, r in data["roles"].items() if r.get("state", "ok") != "ok"}
        raise HashMismatch(
            f"{data['folder']}: "
            + ", ".join(f"the file of {name} is {state}" for name, state in wrong.items())
        ).with_details(roles=wrong)
    took = check(pack)
    result = {"name": data["name"], "version": data["version"], "sound": True, "ms": took}

    def show(to: Console) -> None:
        for role, ms in took.items():
            to.print(f"{role:<11}{ms:8.1f} ms")
        to.print(f"{escape(data['name'])} {escape(data['version'])}: whole, and every network runs")

    out.result(result, show)
    return 0


def _print(data: dict[str, Any], pack: str, to: Console) -> None:
    to.print(
        f"[bold]{escape(data['name'])} {escape(data['version'])}[/]: {escape(data['summary'])}"
    )
    to.print(f"{escape(data['folder'])}, {data['bytes'] / 1e6:.2f} MB")
    specs = {
        name: role.input
        for name, role in roles_of(read_manifest(pack_path(pack))).items()
        if not isinstance(role, LivenessArtefactsRole)
    }
    for name, role in data["roles"].items():
        table = Table(show_header=False, box=None, padding=(0, 1, 0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        if role["file"] is None:
            table.add_row("file", role["note"])
        else:
            size = "–" if role["bytes"] is None else f"{role['bytes'] / 1000:.0f} kB"
            colour = "green" if role["state"] == "ok" else "red"
            state = {"ok": "as the manifest says", "changed": "CHANGED", "missing": "MISSING"}
            table.add_row("file", f"{escape(role['file'])}, {size}")
            table.add_row("sha256", f"{role['sha256'][:16]}… [{colour}]{state[role['state']]}[/]")
            table.add_row("input", escape(contract(specs[name])))
            table.add_row("head", role["head"]["kind"])
            if role["pose"] is not None:
                table.add_row("pose", role["pose"])
        table.add_row("licence", escape(role["licence"]))
        if role.get("commercial_use") == "forbidden":
            table.add_row("", f"[red]{FORBIDDEN}[/]")
        table.add_row("source", escape(role["source"]))
        to.print(f"\n[bold]{name}[/]")
        to.print(table)
    if data["forbidden_by"]:
        to.print(
            "\n[red]This pack must not be used commercially:[/] "
            f"the licence of {', '.join(data['forbidden_by'])} forbids it."
        )


if __name__ == "__main__":
    sys.exit(main())
