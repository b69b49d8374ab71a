"""Make a list of bona fide pictures and simulated attacks from pictures of faces.

Every presentation follows from the seed, its label and its number alone, whatever the workers. What
the detector does not find is no presentation (a non-response): it is left out of the list and
counted in summary.json. Living faces go through the same framing, camera and coder as attacks do.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from edge import packs
from edge.errors import UsageError
from training.liveness import attack_sheet, making, people, samples
from training.liveness.attacks import INSTRUMENTS
from training.liveness.attacks.ranges import RANGES
from training.liveness.making import Job
from training.liveness.people import People
from training.liveness.presentations import BESIDE, Maker
from training.liveness.samples import LIVE, Sample
from training.new_folder import new_folder, require_none

HALVES = {"first": 0, "second": 1}
"""Of the files, whatever they show."""
EXAMPLES = """\
examples:
  # for training: people who are not held back, parameters of the range "train"
  python -m training.liveness generate --training --range train --live 8000 --attacks 1500 \\
      --set lfw lfw-labels.csv 3 --set utkface utk-labels.csv 0.3 \\
      --clips clips clips-labels.csv 2 --people people.csv --held-people b e f \\
      --workers 2 --out attacks-train --sheet attacks.png
  # for a report: held-back people, and parameters that no training has seen
  python -m training.liveness generate --held-back --range test --live 1000 --attacks 300 \\
      --set lfw.tar lfw-labels.csv --seed 7 --out attacks-test
  # short films as well: 20 of each label, 30 frames each
  python -m training.liveness generate --held-back --range test --live 0 --attacks 0 \\
      --clips clips clips-labels.csv --people people.csv --held-people b e f \\
      --films 20 --instruments replay print --out films-test
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add = parser.add_argument
    add(
        "--set",
        dest="sets",
        action="append",
        nargs="+",
        default=[],
        metavar=("PICTURES LABELS", "SHARE"),
        help="folder or tar of pictures, their label file with 68 points (training.label), and how "
        "often it is drawn from against the other sets (default 1); repeatable",
    )
    add(
        "--clips",
        nargs="+",
        metavar=("FOLDER LABELS", "SHARE"),
        help="frames of films in a folder each, their label file, and its share",
    )
    add(
        "--staged",
        action="append",
        nargs="+",
        default=[],
        metavar=("PICTURES LABELS", "SHARE"),
        help="whole frames that `stage` made of many people, their label file, and their share; "
        "repeatable",
    )
    add("--people", type=Path, metavar="CSV", help="columns clip,person; needed with --clips")
    add("--held-people", nargs="+", default=[], metavar="NAME", help="held back of the films")
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--held-back", action="store_true", help="show only people held back")
    side.add_argument("--training", action="store_true", help="show only the others")
    add(
        "--half",
        choices=HALVES,
        help="only one half of the people of --set, who are then not in the other: to choose a "
        "bound with some and test it with others",
    )
    add(
        "--door",
        action="store_true",
        help="as a door's camera sees it: whole frames of films and of --staged, pictures of all "
        "sets held up in them",
    )
    add(
        "--whole",
        type=float,
        metavar="SHARE",
        help="of the attacks, how many show all of a picture with its surroundings instead of a "
        "part around the face (default: as each instrument's parameters say)",
    )
    add(
        "--turned",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="of these, how many are on a device that is turned as the picture lies; the others "
        "leave wide bars beside it (default %(default)s)",
    )
    add(
        "--beside",
        type=float,
        default=BESIDE,
        metavar="SHARE",
        help="of the living, how many hold a sheet or a device near the face that shows no face "
        "(default %(default)s)",
    )
    add("--range", required=True, choices=RANGES, help="parameters of the simulation")
    add("--live", type=int, default=1000, metavar="N", help="bona fide (default %(default)s)")
    add("--attacks", type=int, default=200, metavar="N", help="of each (default %(default)s)")
    add(
        "--instruments",
        nargs="+",
        choices=tuple(INSTRUMENTS),
        default=tuple(INSTRUMENTS),
        metavar="NAME",
        help=f"default: {' '.join(INSTRUMENTS)}",
    )
    add("--films", type=int, default=0, metavar="N", help="films of each label (default none)")
    add("--film-frames", type=int, default=30, metavar="N", help="default %(default)s")
    add("--fps", type=float, default=15.0, metavar="F", help="of films (default %(default)s)")
    add("--pack", default="default", help="whose detector finds faces (default %(default)s)")
    add("--seed", type=int, default=0, help="default %(default)s")
    add("--workers", type=int, default=1, metavar="K", help="processes (default %(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to make")
    add("--sheet", type=Path, metavar="FILE", help="a picture with some of each label")


def run(args: argparse.Namespace) -> int:
    """Generates; returns the exit code. Raises DataError, UsageError, OutputError, PackError."""
    _check(args)
    maker = Maker(
        _sets(args),
        args.range,
        args.seed,
        door=args.door,
        whole=args.whole,
        turned=args.turned,
        beside=args.beside,
    )
    if args.films and not maker.filmed:
        raise UsageError("--films are made from films: --clips is needed")
    packs.load(args.pack)  # a pack that cannot be loaded is told here, not by every worker
    jobs = _jobs(args)
    with new_folder(args.out) as folder:
        for label in sorted({job.label for job in jobs}):
            (folder / "pictures" / label).mkdir(parents=True)
        kept, missed = making.all_of(
            jobs,
            maker,
            args.pack,
            folder,
            fps=args.fps,
            workers=args.workers,
            console=Console(stderr=True),
        )
        samples.write(folder / "list.csv", kept)
        summary = _summary(args, kept, missed)
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
        if args.sheet is not None:
            attack_sheet.write(args.sheet, kept)
    print(json.dumps(summary["labels"], indent=2))
    return 0


def _check(args: argparse.Namespace) -> None:
    for name in ("live", "attacks", "films"):
        if getattr(args, name) < 0:
            raise UsageError(f"--{name} must not be negative")
    if args.workers < 1 or args.film_frames < 2 or args.fps <= 0:
        raise UsageError("--workers and --fps must be above 0, --film-frames above 1")
    if not (args.live or args.attacks or args.films):
        raise UsageError("nothing to make: --live, --attacks and --films are all 0")
    if not (args.sets or args.staged) and args.clips is None:
        raise UsageError("pictures of faces are needed: --set, --staged or --clips")
    for name in ("whole", "turned", "beside"):
        share = getattr(args, name)
        if share is not None and not 0 <= share <= 1:
            raise UsageError(f"--{name} is a share, 0 to 1, not {share:g}")
    if args.whole is None and args.turned != 1:
        raise UsageError("--turned is of whole pictures: --whole says how many there are")
    if args.clips is not None and args.people is None:
        raise UsageError("--clips needs --people: who is in which film")
    require_none(args.out)


def _sets(args: argparse.Namespace) -> list[People]:
    made = []
    for given in args.sets:
        source, labelled, share = parse_set(given, "--set")
        made.append(
            people.stills(
                source, labelled, held_back=args.held_back, half=HALVES.get(args.half), share=share
            )
        )
    for given in args.staged:
        source, labelled, share = parse_set(given, "--staged")
        made.append(
            people.stills(
                source,
                labelled,
                held_back=args.held_back,
                half=HALVES.get(args.half),
                share=share,
                whole=True,
            )
        )
    if args.clips is not None:
        source, labelled, share = parse_set(args.clips, "--clips")
        made.append(
            people.clips(
                source,
                labelled,
                args.people,
                args.held_people,
                held_back=args.held_back,
                share=share,
            )
        )
    return made


def parse_set(given: Sequence[str], option: str) -> tuple[Path, Path, float]:
    """PICTURES LABELS [SHARE] of an option. Raises UsageError."""
    try:
        source, labelled, *rest = given
        (share,) = [float(v) for v in rest] or [1.0]
    except ValueError as error:
        raise UsageError(
            f"{option} takes PICTURES LABELS [SHARE], not {' '.join(given)}"
        ) from error
    if not 0 < share < float("inf"):
        raise UsageError(f"{option}: a share must be above 0, not {share}")
    return Path(source), Path(labelled), share


def _jobs(args: argparse.Namespace) -> list[Job]:
    names = dict.fromkeys(args.instruments)
    jobs = [Job(LIVE, i, 0) for i in range(args.live)]
    jobs += [Job(name, i, 0) for name in names for i in range(args.attacks)]
    for name in (LIVE, *names):
        jobs += [Job(name, i, args.film_frames) for i in range(args.films)]
    return jobs


def _summary(
    args: argparse.Namespace, kept: list[Sample], missed: Counter[str]
) -> dict[str, object]:
    have = Counter(s.label for s in kept)
    labels = {
        label: {"frames": have[label], "non_response": missed[label]}
        for label in sorted({*have, *missed})
    }
    return {
        "labels": labels,
        "range": args.range,
        "door": args.door,
        "whole": args.whole,
        "turned": args.turned if args.whole is not None else None,
        "beside": args.beside,
        "side": "held back" if args.held_back else "training",
        "seed": args.seed,
        "pack": args.pack,
        "people": len({s.person for s in kept}),
        "simulated": True,
    }
