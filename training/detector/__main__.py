"""Our own face detector: training, evaluation, prediction, and what belongs to it."""

from __future__ import annotations

import argparse

from training import cli
from training.detector import canvases, convert, evaluate, find_anchors, predict, sheet, train

COMMANDS = {
    "train": (train, "train a detector"),
    "evaluate": (evaluate, "measure one on held-back people"),
    "predict": (predict, "find faces in a picture or film"),
    "sheet": (sheet, "a picture sheet of sizes, turns, light and hands"),
    "canvases": (canvases, "composed pictures on disk, to calibrate 8 bits with"),
    "anchors": (find_anchors, "find anchors for a data set"),
    "convert": (convert, "convert labels"),
}


def main() -> int:
    """Command line; returns the exit code."""
    parser = cli.parser("training.detector", __doc__ or "", "Each command has --help.\n")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, what) in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=what,
            description=module.__doc__,
            epilog=f"{module.HELP}\n{cli.EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add(sub)
        sub.set_defaults(main=module.main)
    args = parser.parse_args()
    return args.main(args)


if __name__ == "__main__":
    cli.leave(main)
