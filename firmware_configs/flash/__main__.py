"""Write an image to a card, and verify it.

Examples:
  python -m firmware_configs.flash build/image/rpi5/face-gate-rpi5.img /dev/sdb
  python -m firmware_configs.flash IMAGE /dev/mmcblk0 --yes       # asks nothing
  python -m firmware_configs.flash IMAGE card.img                 # a plain file, to look at
  python -m firmware_configs.flash IMAGE /dev/sdb --force large   # yes, it is that big

A disk that is mounted, in use or write-protected is refused, and so is one that is not removable
or has more than 128 GB unless `--force` names that. `lsblk -o NAME,SIZE,MODEL,RM,MOUNTPOINTS`
shows what there is. The image's block map must lie beside it, with the suffix .bmap.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from edge import console
from edge.errors import UsageError
from firmware_configs.flash import blocks, disk, write
from firmware_configs.flash.blocks import Seen
from firmware_configs.flash.errors import DiskRefused

EXIT_CODES = """\
exit codes:
    0  written and verified
    2  wrong arguments
   10  the plain file cannot be written
   14  the disk was refused, or you said no; nothing was written
   15  the disk cannot be written, or reads back differently: do not use it
   69  bmaptool is not installed
  130  interrupted (Ctrl-C); 143 terminated: do not use the disk
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = console.parser("firmware_configs.flash", heading, f"{rest}\n{EXIT_CODES}")
    parser.add_argument("image", type=Path, metavar="IMAGE", help="built image")
    parser.add_argument("target", type=Path, metavar="DEV", help="whole disk, or a plain file")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--force",
        action="append",
        choices=disk.FORCES,
        default=[],
        help="write to a disk that is not removable, or large; may be given twice",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable results and errors")
    args = parser.parse_args(list(words))
    out = console.Output(as_json=args.json)
    if not args.image.is_file():
        raise UsageError(f"{args.image}: there is no image; `make image BOARD=…` builds one")
    bmap = blocks.beside(args.image)
    about = blocks.read(bmap, args.image)
    number = disk.number_of(args.target)
    if number is not None:
        found = disk.read(args.target, number)
        found.require(about.size, frozenset(args.force))
        _ask(
            args, f"Everything on {args.target} ({found.what}, {found.size / 1e9:.1f} GB) is lost."
        )
    elif args.target.exists():
        if args.target.samefile(args.image):
            raise DiskRefused(f"{args.target}: is the image itself")
        _ask(args, f"The file {args.target} is replaced.")
    with _steps(out) as step:
        if number is None:
            write.to_file(args.image, bmap, about, args.target, step)
        else:
            write.to_disk(args.image, bmap, about, args.target, step)
    result = {"target": str(args.target), "bytes": about.size, "verified": True}
    out.result(
        result,
        lambda to: to.print(f"{escape(str(args.target))}: {about.size / 1e6:.0f} MB, verified"),
    )
    return 0


def _ask(args: argparse.Namespace, what: str) -> None:
    """Once; the default is no."""
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at; say --yes")
    print(f"{what} Write {args.image.name} to it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DiskRefused("nothing was written")


@contextmanager
def _steps(out: console.Output) -> Iterator[write.Step]:
    """A bar per step where somebody watches, else a line."""
    columns = (TextColumn("{task.description:<10}"), BarColumn(), DownloadColumn())
    more = (TimeRemainingColumn(),)
    with Progress(*columns, *more, console=out.err, disable=not out.live) as bars:

        def begin(what: str, size: int) -> Seen:
            if not out.live:
                out.note(what)
            task = bars.add_task(what, total=size)
            return lambda portion: bars.advance(task, portion)

        yield begin


if __name__ == "__main__":
    sys.exit(main())
