"""`python -m firmware_configs.image`: build an image, or name what it is made of."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge.console import Output, parser, run
from firmware_configs.boards import schema
from firmware_configs.image import base, build, site, version
from firmware_configs.image.lock import write_wheels_lock
from firmware_configs.image.tree import Tree

EXAMPLES = """\
examples:
  python -m firmware_configs.image build --board generic-arm64
  python -m firmware_configs.image build --board rpi5 --config site.toml --out door.img
  python -m firmware_configs.image build --board rpi4 --dry-run --out tree   # files only, no tools
  python -m firmware_configs.image boards
  python -m firmware_configs.image lock generic-arm64      # take what Debian's archive has now

exit codes:
  0 done   2 wrong arguments   12 cannot be built of these inputs   69 a tool is not installed
  78 the board's or the site's file is wrong
"""


def _parser() -> argparse.ArgumentParser:
    p = parser("firmware_configs.image", "Build a device's image from its board's file.", EXAMPLES)
    verbs = p.add_subparsers(dest="verb", required=True, metavar="VERB")
    b = verbs.add_parser("build", help="one flashable image, or with --dry-run its files")
    b.add_argument("--board", required=True, metavar="NAME", help="see the verb `boards`")
    b.add_argument("--config", type=Path, metavar="FILE", help="the site's file, site.toml")
    b.add_argument("--out", type=Path, metavar="FILE", help="default: build/image/BOARD/…img")
    b.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="SRC:DEST",
        help="a further file or folder for the image; may be repeated",
    )
    b.add_argument("--wheel", type=Path, metavar="FILE", help="face-gate's own (make cross)")
    b.add_argument("--cache", type=Path, metavar="DIR", default=build.CACHE, help="what is kept")
    b.add_argument("--fresh", action="store_true", help="make Debian's part anew")
    b.add_argument("--unlocked", action="store_true", help="Debian may differ from its lock")
    b.add_argument("--dry-run", action="store_true", help="write a folder of files, no image")
    b.add_argument("--json", action="store_true", help="machine-readable result and errors")
    listed = verbs.add_parser("boards", help="the boards there are, and how far each is proved")
    listed.add_argument("--json", action="store_true", help="machine-readable")
    lock = verbs.add_parser("lock", help="name the packages that images are made of from now on")
    lock.add_argument("board", help="whose Debian packages, or `wheels`")
    lock.add_argument("--cache", type=Path, metavar="DIR", default=build.CACHE)
    lock.add_argument("--json", action="store_true", help="machine-readable")
    return p


@contextmanager
def _steps(console: Console, live: bool) -> Iterator[Callable[[str], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not live) as progress:
        task = progress.add_task("begin", total=len(build.STEPS))
        done = -1

        def step(name: str) -> None:
            nonlocal done
            done += 1
            progress.update(task, description=name, completed=done)

        yield step
        progress.update(task, description="done", completed=len(build.STEPS))


def _site(args: argparse.Namespace) -> site.Site:
    read = site.load(args.config)
    added = tuple(site.parse_add(text) for text in args.add)
    return read.model_copy(update={"add": (*read.add, *added)})


def _build(args: argparse.Namespace, output: Output) -> int:
    board = schema.load(args.board)
    folder = version.ROOT / "build" / "image" / board.name
    usual = folder / ("tree" if args.dry_run else f"face-gate-{board.name}.img")
    request = build.Request(
        board=board,
        site=_site(args),
        version=version.current(),
        wheel=Path() if args.dry_run else args.wheel or build.our_wheel(),
        out=args.out or usual,
        cache=args.cache,
        fresh=args.fresh,
        unlocked=args.unlocked,
    )
    for note in build.notes(request):
        output.warn(note)
    if args.dry_run:
        files = build.dry_run(request)
        output.result(
            {"folder": str(request.out), "files": files},
            lambda c: c.print(f"{len(files)} files in {request.out}"),
        )
        return 0
    with _steps(output.err, output.live) as step:
        made = build.build(request, step)
    image = made["image"]
    output.result(
        {**made, "warnings": build.notes(request)},
        lambda c: c.print(
            f"{request.out}: {image['bytes'] / 1e6:.0f} MB, {made['version']}\n{image['sha256']}"
        ),
    )
    return 0


def _boards(output: Output) -> int:
    boards = [schema.load(name) for name in schema.names()]
    rows = [{"name": b.name, "title": b.title, "proved": b.proved} for b in boards]
    output.result(
        {"boards": rows},
        lambda c: c.print("\n".join(f"{b.name:20} {b.proved:8} {b.title}" for b in boards)),
    )
    return 0


def _lock(args: argparse.Namespace, output: Output) -> int:
    if args.board == "wheels":
        path = write_wheels_lock(args.cache / "wheels")
    else:
        board = schema.load(args.board)
        tree = Tree()
        made = base.build(board, args.cache, fresh=True)
        tree.add_tar(made)
        path = base.write_lock(board, tree)
        made.replace(base.kept(board, args.cache))
    output.result({"lock": str(path)}, lambda c: c.print(f"{path}: look at it, and commit it"))
    return 0


def body(words: Sequence[str]) -> int:
    args = _parser().parse_args(words)
    output = Output(as_json=args.json)
    match args.verb:
        case "build":
            return _build(args, output)
        case "boards":
            return _boards(output)
        case _:
            return _lock(args, output)


def main(argv: Sequence[str] | None = None) -> int:
    return run(argv, body)


if __name__ == "__main__":
    sys.exit(main())
