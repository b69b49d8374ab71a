"""Make a signed update of a built image.

Examples:
  minisign -G -p update.pub -s update.key        # once; the key file never leaves your hands
  python -m firmware_configs.bundle --image build/image/generic-arm64/face-gate-generic-arm64.img \\
      --key update.key
  python -m firmware_configs.bundle --image IMAGE --key update.key --out next.bundle --json

The image's site file names the public key (`[update] public_key`), so the devices that were flashed
with it take updates that this key signed, and no others. docs/updates.md tells the whole way.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from edge import console
from firmware_configs.bundle.build import build
from firmware_configs.bundle.image import Image

FOLDER = Path("build/update")
EXIT_CODES = """\
exit codes:
    0  done
    2  wrong arguments
   10  the bundle cannot be written
   12  the image or the key is not usable, or they do not belong together
   13  what was made is not what a device would take
   69  a program that this needs is not installed
  130  interrupted (Ctrl-C); 143 terminated
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = console.parser("firmware_configs.bundle", heading, f"{rest}\n{EXIT_CODES}")
    parser.add_argument("--image", type=Path, required=True, metavar="FILE", help="built image")
    parser.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="minisign's secret key"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"the bundle (default: {FOLDER}/face-gate-BOARD-VERSION.bundle)",
    )
    parser.add_argument(
        "--other-key",
        action="store_true",
        help="the image holds another public key on purpose: the keys change with this update",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable results and errors")
    args = parser.parse_args(list(words))
    out = console.Output(as_json=args.json)
    image = Image(args.image)
    path = args.out or FOLDER / f"face-gate-{image.board}-{image.version}.bundle"
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=out.err, disable=not out.live) as bars:
        # Hashed once when packed, once more as the device will read it.
        task = bars.add_task("packing and checking", total=2 * image.root.size)
        done = build(
            image, args.key, path, lambda n: bars.advance(task, n), other_key=args.other_key
        )
    size = path.stat().st_size

    def show(to: Console) -> None:
        to.print(f"{escape(str(path))}: {size / 1e6:.1f} MB, {escape(done.manifest.version)}")
        to.print(f"sha256 {done.sha256}")

    out.result(
        {
            "bundle": str(path),
            "bytes": size,
            "sha256": done.sha256,
            "board": done.manifest.board,
            "version": done.manifest.version,
        },
        show,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
