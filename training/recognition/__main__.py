"""Training and evaluation of face recognition.

Each verb has --help with examples.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from training import cli

VERBS = {
    "train": "train a network on pictures of many people",
    "distill": "train a network to say what a teacher says, without identities",
    "evaluate": "measure a pack: 1:1 and 1:N, with intervals, as a report",
    "robust": "compare networks on faces seen badly: far, dark, covered, badly laid",
    "windows": "measure the door's own decision on films: N of M frames of one track",
}
"""Modules of this package with `EXAMPLES`, `add_arguments(parser)` and `run(args) -> int`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code. Raises FaceGateError."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = cli.parser("training.recognition", __doc__ or "", "")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, what in VERBS.items():
        if words[:1] != [verb]:
            verbs.add_parser(verb, help=what)
            continue
        # Only the verb that is wanted: evaluation needs none of what training loads.
        module = importlib.import_module(f"training.recognition.{verb}")
        own = verbs.add_parser(
            verb,
            help=what,
            description=module.__doc__,
            epilog=f"{module.EXAMPLES}\n{cli.EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(own)
        own.set_defaults(run=module.run)
    args = parser.parse_args(words)
    code: int = args.run(args)
    return code


if __name__ == "__main__":
    cli.leave(main)
