"""People of the gallery: `python -m edge.enroll add NAME --source URI`, and list, show, rename,
remove. What is stored of a person is templates, never pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.prompt import Confirm
from rich.table import Table

from edge import console, packs
from edge.calibration.apply import after_change, say_change
from edge.config import Config, located
from edge.console import Output
from edge.enrolment.add import add
from edge.enrolment.recorded import recorded
from edge.enrolment.request import Request, Way
from edge.enrolment.say import say_added, warn
from edge.errors import PackError, UsageError
from edge.gallery import Person
from edge.vault import Vault

EPILOG = f"""\
examples:
    python -m edge.enroll add Ada --source v4l2:///dev/video0
    python -m edge.enroll add Ada --source ada.mp4 --frames 7 --sheet ada.png
    python -m edge.enroll add Ada --source evening.mp4 --add-templates
    python -m edge.enroll list --state ./state --json
    python -m edge.enroll rename Ada "Ada L."
    python -m edge.enroll remove Ada --yes

{console.EXIT_CODES}"""

ADD_EPILOG = f"""\
Frames are held to the door's gates with enrolment's stricter bounds ([enrolment] of the
configuration), and a film or camera must show a living face that moves. Of pictures only the
passive check can be made; make sure yourself that they show the person.

No picture is stored: the gallery keeps numbers (templates) only. --sheet writes the faces that
were used to a file for you to look at; delete it afterwards.

examples:
    python -m edge.enroll add Ada --source v4l2:///dev/video0 --timeout 30
    python -m edge.enroll add Ada --source pictures/ada/ --json
    python -m edge.enroll add Ada --source ada.mp4 --replace

{console.EXIT_CODES}"""


def parser() -> argparse.ArgumentParser:
    """The arguments of all verbs."""
    p = console.parser("edge.enroll", "Enrol people, list and change who is enrolled.", EPILOG)
    console.add_common(p)
    verbs = p.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, epilog: str = console.EXIT_CODES) -> argparse.ArgumentParser:
        one = verbs.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        console.add_common(one)
        return one

    _add_arguments(verb("add", "enrol a person from a camera, film or pictures", ADD_EPILOG))
    verb("list", "show who is enrolled")
    verb("show", "show a person's templates").add_argument("name", metavar="NAME")
    one = verb("remove", "delete a person and all their templates, for good")
    one.add_argument("name", metavar="NAME")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one = verb("rename", "give a person another name")
    one.add_argument("old", metavar="OLD")
    one.add_argument("new", metavar="NEW")
    return p


def _add_arguments(p: argparse.ArgumentParser) -> None:
    p.add_argument("name", metavar="NAME", help="1 to 64 characters; case does not count")
    p.add_argument(
        "--source",
        required=True,
        metavar="URI",
        help="film, picture, folder of pictures, v4l2:///dev/videoN, picamera2://N",
    )
    p.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="templates to take (default: enrolment.templates, 5)",
    )
    p.add_argument(
        "--sheet", type=Path, metavar="PNG", help="also write the faces taken, to look at"
    )
    way = p.add_mutually_exclusive_group()
    way.add_argument("--add-templates", action="store_true", help="add to someone enrolled")
    way.add_argument("--replace", action="store_true", help="enrol someone enrolled anew")
    p.add_argument(
        "--force-lookalike",
        action="store_true",
        help="enrol though the door takes this face for somebody else's (twins)",
    )
    p.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="S",
        help="longest look at a live camera, seconds (default 30)",
    )
    p.add_argument(
        "--limit-s",
        type=float,
        default=60.0,
        metavar="S",
        help="how much of a film is looked at, seconds (default 60)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    args = parser().parse_args(words)
    output = Output(as_json=getattr(args, "json", False))
    config = console.read_config(args)
    if args.verb == "add":
        return _add(args, config, output)
    if args.verb in ("list", "show"):
        return (_list if args.verb == "list" else _show)(args, config, output)
    return (_remove if args.verb == "remove" else _rename)(args, config, output)


def _add(args: argparse.Namespace, config: Config, output: Output) -> int:
    frames = config.enrolment.templates if args.frames is None else args.frames
    if not 1 <= frames <= config.enrolment.most:
        raise UsageError(f"--frames {frames}: 1 to {config.enrolment.most} (enrolment.most)")
    for option, value in (("--timeout", args.timeout), ("--limit-s", args.limit_s)):
        if not 0 < value < float("inf"):
            raise UsageError(f"{option} {value:g}: seconds above 0 are needed")
    if args.sheet is not None and args.sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageError(f"--sheet {args.sheet}: a name that ends in .png or .jpg is needed")
    if args.sheet is not None and not args.sheet.absolute().parent.is_dir():
        raise UsageError(f"--sheet {args.sheet}: there is no folder {args.sheet.parent}")
    way: Way = "add" if args.add_templates else "replace" if args.replace else "new"
    request = Request(
        args.name,
        args.source,
        way,
        frames,
        args.sheet,
        args.force_lookalike,
        args.timeout,
        args.limit_s,
    )
    report = add(request, config, output)
    warn(report, output, config.enrolment)
    report |= after_change(_path(args), config, output.warn)

    def show(out: Console) -> None:
        say_added(out, report)
        say_change(report, out.print)

    output.result(report, show)
    return 0


def _path(args: argparse.Namespace) -> Path | None:
    """The configuration file in use."""
    return located(getattr(args, "config", None))


def _current_embedder(config: Config) -> str | None:
    """Of the pack in use; None if it cannot be read, which must not hide who is enrolled."""
    try:
        folder = packs.pack_path(config.inference.pack)
        return packs.read_manifest(folder).roles.embedder.sha256
    except PackError:
        return None


def _person(person: Person, embedder: str | None) -> dict[str, Any]:
    fits = None
    if embedder is not None:
        fits = all(t.embedder_sha256 == embedder for t in person.templates)
    return {
        "person": person.name,
        "templates": len(person.templates),
        "created": person.created,
        "fits_pack": fits,
    }


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def _list(args: argparse.Namespace, config: Config, output: Output) -> int:
    embedder = _current_embedder(config)
    with Vault(config.state.dir, create=False) as vault:
        people = [_person(p, embedder) for p in vault.people()]

    def show(out: Console) -> None:
        if not people:
            out.print(f"nobody is enrolled in {config.state.dir}")
            return
        table = Table("person", "templates", "enrolled", "fits the pack")
        for p in people:
            fits = {True: "yes", False: "[red]no: enrol again[/]", None: "?"}[p["fits_pack"]]
            table.add_row(escape(p["person"]), str(p["templates"]), _date(p["created"]), fits)
        out.print(table)

    output.result({"people": people}, show)
    return 0


def _show(args: argparse.Namespace, config: Config, output: Output) -> int:
    with Vault(config.state.dir, create=False) as vault:
        person = vault.person(args.name)
    data = _person(person, _current_embedder(config))
    vectors = np.stack([t.vector / np.linalg.norm(t.vector) for t in person.templates])
    mean = vectors.mean(axis=0)
    cosines = vectors @ (mean / np.linalg.norm(mean))
    data["templates"] = [
        {
            "source": t.source,
            "created": t.created,
            "yaw": t.yaw,
            "pitch": t.pitch,
            "roll": t.roll,
            "quality": t.quality,
            "cosine_to_mean": float(cosine),
            "embedder_sha256": t.embedder_sha256,
        }
        for t, cosine in zip(person.templates, cosines, strict=True)
    ]

    def show(out: Console) -> None:
        out.print(f"{escape(person.name)}, enrolled {_date(person.created)}")
        table = Table(
            "source", "added", "yaw", "pitch", "roll", "quality", "cosine", pad_edge=False
        )
        for t in data["templates"]:
            table.add_row(
                escape(t["source"]),
                _date(t["created"])[:10],
                *(f"{t[axis]:+.0f}°" for axis in ("yaw", "pitch", "roll")),
                f"{t['quality']:.2f}",
                f"{t['cosine_to_mean']:.3f}",
            )
        out.print(table)

    output.result(data, show)
    return 0


def _remove(args: argparse.Namespace, config: Config, output: Output) -> int:
    with Vault(config.state.dir, create=False) as vault:
        person = vault.person(args.name)
        if not args.yes:
            if not sys.stdin.isatty() or output.as_json:
                raise UsageError(f"remove {person.name!r}: add --yes; there is nobody to ask")
            if not Confirm.ask(f"Delete {escape(person.name)} for good?", console=output.err):
                output.note("nothing was removed")
                return 0
        about = {"person": person.name, "templates": len(person.templates)}
        with recorded(config.state.dir, "remove", **about):
            vault.remove(args.name)
    data: dict[str, Any] = {"removed": person.name, "templates": len(person.templates)}
    data |= after_change(_path(args), config, output.warn)

    def show(out: Console) -> None:
        out.print(f"removed {escape(person.name)}")
        say_change(data, out.print)

    output.result(data, show)
    return 0


def _rename(args: argparse.Namespace, config: Config, output: Output) -> int:
    with Vault(config.state.dir, create=False) as vault:
        old = vault.person(args.old).name
        with recorded(config.state.dir, "rename", person=old, to=args.new):
            vault.rename(args.old, args.new)
        new = vault.person(args.new).name
    data = {"renamed": old, "to": new}
    output.result(data, lambda out: out.print(f"{escape(old)} is now {escape(new)}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
