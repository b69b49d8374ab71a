"""Command line of the cross builds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from edge import console
from firmware_configs.cross import build, test

DESCRIPTION = "Build for a board's architecture on this workstation, and test it by emulation."
EPILOG = """\
exit codes:
    0  done                               12  it could not be built, or a test failed
    2  wrong arguments                    69  a program is not installed; it is named
"""
VERBS = {"build": build, "test": test}


def _body(words: Sequence[str]) -> int:
    parser = console.parser("firmware_configs.cross", DESCRIPTION, EPILOG)
    places = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, module in VERBS.items():
        what = (module.__doc__ or "").split("\n")[0]
        own = places.add_parser(
            name,
            help=what,
            description=what,
            epilog=f"{module.EXAMPLES}\n{EPILOG}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(own)
        own.set_defaults(run=module.run)
    args = parser.parse_args(words)
    code: int = args.run(args, console.Output(as_json=args.json))
    return code


def main(argv: Sequence[str] | None = None) -> int:
    return console.run(argv, _body)


if __name__ == "__main__":
    sys.exit(main())
