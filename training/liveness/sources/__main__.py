"""Makes a list of presentations of a public set, as training.liveness and its networks read it.

Pictures stay where they are: the list must lie in a folder above them. Of films frames are taken
out, into a folder beside the list. Where the set states no box, a pack's detector finds the face;
presentations in which it finds none are left out and counted.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from edge import packs
from edge.errors import UsageError
from training import cli
from training.liveness.sources.entries import Entry, whole
from training.liveness.sources.make import make

SETS = {
    "casia-surf": "train_list.txt, val_private_list.txt (colour alone)",
    "celeba-spoof": "metas/intra_test/train_label.json or .txt",
    "folders": "a folder with live/ and spoof/, or live/ and a folder for each instrument",
    "nuaa": "client_train_raw.txt, imposter_train_raw.txt, ..._face.txt",
    "oulu-npu": "Protocols/Protocol_1/Train.txt",
    "siw": "a folder with live/ and spoof/ (Train or Test)",
}
HELP = """\
examples:
  python -m training.liveness.sources celeba-spoof \\
      CelebA_Spoof/metas/intra_test/train_label.json --out CelebA_Spoof/train.csv
  python -m training.liveness.sources nuaa NUAA/raw/client_train_raw.txt \\
      NUAA/raw/imposter_train_raw.txt --out NUAA/raw/train.csv
  python -m training.liveness.sources oulu-npu OULU/Protocols/Protocol_1/Train.txt \\
      --every 10 --out lists/oulu-p1-train.csv
  python -m training.liveness.sources siw SiW/Train --out lists/siw-train.csv
  python -m training.liveness.sources folders my-set --out my-set/list.csv
"""


def entries(name: str, path: Path) -> list[Entry]:
    """What a set's list or folder holds. Raises DataError."""
    module = importlib.import_module(f"training.liveness.sources.{name.replace('-', '_')}")
    if name == "casia-surf":
        return [Entry(m.colour, m.label, m.person, whole) for m in module.read(path)]
    found: list[Entry] = module.read(path)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code. Raises FaceGateError."""
    told = "\n".join(f"  {name:13} {what}" for name, what in SETS.items())
    parser = cli.parser("training.liveness.sources", __doc__ or "", f"sets:\n{told}\n\n{HELP}")
    add = parser.add_argument
    add("set", choices=sorted(SETS), metavar="SET", help="one of those below")
    add("source", type=Path, nargs="+", metavar="LIST", help="lists or folders of it, see below")
    add("--out", type=Path, required=True, metavar="CSV", help="the list to write")
    add(
        "--every",
        type=int,
        default=10,
        metavar="N",
        help="take one of N frames of a film (default %(default)s)",
    )
    add("--pack", default="default", help="whose detector finds faces (default %(default)s)")
    args = parser.parse_args(argv)
    if args.every < 1:
        raise UsageError(f"--every {args.every}: at least 1 is needed")
    if args.out.suffix != ".csv":
        raise UsageError(f"--out {args.out}: a list is a .csv")
    console = Console(stderr=True)
    found = [entry for path in args.source for entry in entries(args.set, path)]
    count = make(found, args.out, every=args.every, pack=packs.load(args.pack), console=console)
    for label, number in sorted(count.listed.items()):
        console.print(f"{label}: {number} listed, no face in {count.without[label]}")
    return 0


if __name__ == "__main__":
    cli.leave(main)
