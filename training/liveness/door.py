"""Measures the door's decision over frames: films of people, and simulated attacks made of them.

Living films are played as they are. Attack films are made on the fly from the same films, by the
simulation of `training.liveness.attacks`, and looked at by the door's own pipeline with the shown
person enrolled: does a gate of liveness refuse it, and would the door open? Films are looked at as
a whole and in windows that each begin afresh. 60 frames of an attack take some seconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge import packs
from edge.config import Config, load
from edge.errors import UsageError
from training import pages, tables
from training.liveness.films import attacks as making
from training.liveness.films import curves, figures, text
from training.liveness.films.attacks import Attack
from training.liveness.films.looking import see_all
from training.liveness.films.playing import Played, Player
from training.liveness.films.taken import through_cameras
from training.liveness.samples import LIVE
from training.recognition.door.films import Film, Listed, look_at, read_people
from training.recognition.door.trials import enrol_all

TEMPLATES = 3
EXAMPLES = """\
examples:
  # the default pack on the films of clips/people.csv (clip,person), two attacks of each kind a film
  python -m training.liveness door --films clips --attacks 2 --report door
  # people and parameters that no training has seen; half of the attacks through a video coder
  python -m training.liveness door --films clips --people b e f --range test --coded 0.5 \\
      --pack new-pack --attacks 4 --workers 2 --report door
  # living films alone, as they are and twelve times each by the cameras that attacks are taken by,
  # for the three seconds after which the door denies
  python -m training.liveness door --films clips --attacks 0 --cameras 12 --seconds 3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add = parser.add_argument
    add("--pack", default="default", help="'default' or a pack's folder (default %(default)s)")
    add("--films", type=Path, required=True, metavar="DIR", help="films, and people.csv in it")
    add("--people", nargs="+", metavar="NAME", help="these alone (default: all of people.csv)")
    add("--config", type=Path, metavar="FILE", help="the door's configuration (default: built in)")
    add(
        "--templates",
        type=int,
        default=TEMPLATES,
        metavar="N",
        help="frames that enrolment takes of a film (default %(default)s)",
    )
    simulated = parser.add_argument_group("simulated attacks")
    simulated.add_argument(
        "--instruments", nargs="+", metavar="NAME", help="these alone (default: all)"
    )
    simulated.add_argument(
        "--attacks",
        type=int,
        default=1,
        metavar="N",
        help="films made of every film and instrument (default %(default)s)",
    )
    simulated.add_argument(
        "--range", choices=("train", "test"), default="test", help="default %(default)s"
    )
    simulated.add_argument(
        "--coded",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of them that go through an MPEG-4 coder (default %(default)s)",
    )
    simulated.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="default %(default)s"
    )
    simulated.add_argument("--fps", type=float, default=30.0, help="default %(default)s")
    simulated.add_argument("--seed", type=int, default=0, help="default %(default)s")
    simulated.add_argument(
        "--cameras",
        type=int,
        default=0,
        metavar="N",
        help="living films besides, each by N of the cameras that attacks are taken by; shorter "
        "ones than --seconds run there and back",
    )
    windows = parser.add_argument_group("windows")
    windows.add_argument(
        "--window-s", type=float, default=1.0, metavar="S", help="length (default %(default)s)"
    )
    windows.add_argument(
        "--step-s",
        type=float,
        default=0.25,
        metavar="S",
        help="from one window's begin to the next (default %(default)s)",
    )
    add("--workers", type=int, default=0, help="processes; 0: none besides (default %(default)s)")
    add("--json", action="store_true", help="print all figures as JSON and no tables")
    add(
        "--report",
        type=Path,
        metavar="DIR",
        help="write report.html, gates.png and door.json into this folder",
    )


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, DataError, CameraError, PackError, NumericError, OutputError."""
    _check(args)
    cv2.setNumThreads(1)
    console = Console(stderr=True)
    config = Config() if args.config is None else load(args.config)
    listed = _chosen(read_people(args.films / "people.csv", args.films), args.people)
    instruments = args.instruments or list(making.INSTRUMENTS)
    if unknown := [name for name in instruments if name not in making.INSTRUMENTS]:
        known = ", ".join(making.INSTRUMENTS)
        raise UsageError(f"--instruments {unknown[0]}: no such one; known are {known}")
    if args.report is not None:
        pages.prepare(args.report)
    result, played = measure(args, config, listed, instruments, console)
    data = json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if args.report is not None:
        _write(args.report, result, data, played)
    if args.json:
        print(data, end="")
    else:
        tables.report(text.title(result), text.tables(result), text.limits(result))
    return 0


def measure(
    args: argparse.Namespace,
    config: Config,
    listed: Sequence[Listed],
    instruments: Sequence[str],
    console: Console,
) -> tuple[dict[str, Any], list[Played]]:
    """Looks at the films, enrols, makes attacks, plays."""
    pack = packs.load(args.pack)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        looking = progress.add_task("frames of living films", total=None)
        films = look_at(pack, config, listed, lambda _: progress.advance(looking))
        progress.remove_task(looking)
        enrolled, refused = enrol_all(pack, config, films, args.templates)
        player = Player(pack, config, enrolled, window_s=args.window_s, step_s=args.step_s)
        played = [player.play(f.name, f.name, f.person, LIVE, f.observations) for f in films]
        planned = _planned(args, listed, films, instruments)
        task = progress.add_task(
            "living films, simulated cameras", total=len(listed) * args.cameras
        )
        filmed = through_cameras(
            pack,
            config,
            listed,
            args.cameras,
            seconds=args.seconds,
            range_name=args.range,
            seed=args.seed,
            watch=lambda: progress.advance(task),
        )
        taken = [player.play(f.name, f.name, f.person, LIVE, f.observations) for f in filmed]
        task = progress.add_task("simulated attacks", total=len(planned))
        made = []
        for seen in see_all(args.pack, config, planned, args.workers):
            attack = seen.attack
            shown = attack.shown
            verdict = player.play(
                attack.name, shown.path.name, shown.person, attack.instrument, seen.observations
            )
            played.append(verdict)
            made.append(_made(attack, seen.parameters, verdict))
            progress.advance(task)
    manifest = pack.manifest
    result = {
        "pack": manifest.name,
        "pack_version": manifest.version,
        "simulated": bool(made),
        "range": args.range,
        "seed": args.seed,
        "window_s": args.window_s,
        "step_s": args.step_s,
        "agree": config.decision.agree,
        "confidence": 0.95,
        "not_enrolled": refused,
        **figures.data(played),
        "living_taken": figures.living(taken) if taken else None,
        "living_films": [_told(p) for p in played if p.label == LIVE],
        "attack_films": made,
    }
    return result, played


def _planned(
    args: argparse.Namespace,
    listed: Sequence[Listed],
    films: Sequence[Film],
    instruments: Sequence[str],
) -> list[Attack]:
    if not args.attacks:
        return []
    pieces = [
        making.piece(one.path, one.person, film.observations)
        for one, film in zip(listed, films, strict=True)
    ]
    return making.plan(
        pieces,
        instruments,
        attacks=args.attacks,
        seed=args.seed,
        range_name=args.range,
        seconds=args.seconds,
        fps=args.fps,
        coded=args.coded,
    )


def _told(played: Played) -> dict[str, Any]:
    whole = played.whole
    return {
        "film": played.film,
        "person": played.person,
        "enrolled_from": played.enrolled_from,
        "responded": whole.responded,
        "live": whole.live,
        "after_s": whole.after_s,
        "refused": whole.refused,
        "recognised": list(whole.recognised),
        "granted": list(whole.granted),
        "gates": whole.values,
        "windows": len(played.windows),
        "windows_responded": sum(w.responded for w in played.windows),
        "windows_live": sum(w.live for w in played.windows),
        "windows_granted": sum(bool(w.granted) for w in played.windows),
    }


def _made(attack: Attack, parameters: dict[str, Any], played: Played) -> dict[str, Any]:
    return {
        "instrument": attack.instrument,
        "scene": attack.scene.path.name,
        "coded": attack.coded,
        "parameters": parameters,
        **_told(played),
    }


def _chosen(listed: Sequence[Listed], people: Sequence[str] | None) -> list[Listed]:
    known = {one.person for one in listed}
    if unknown := sorted(set(people or ()) - known):
        raise UsageError(f"--people {unknown[0]}: not in people.csv, which has {sorted(known)}")
    return [one for one in listed if people is None or one.person in people]


def _check(args: argparse.Namespace) -> None:
    for name in ("window_s", "step_s", "seconds"):
        if not 0 < getattr(args, name) < float("inf"):
            option = name.replace("_", "-")
            raise UsageError(f"--{option} {getattr(args, name):g}: seconds above 0 are needed")
    if not 1 <= args.fps <= 120:
        raise UsageError(f"--fps {args.fps:g}: 1 to 120 frames a second are needed")
    if not 0 <= args.coded <= 1:
        raise UsageError(f"--coded {args.coded:g}: a share of 0 to 1 is needed")
    for name, least in (
        ("templates", 1),
        ("attacks", 0),
        ("cameras", 0),
        ("workers", 0),
        ("seed", 0),
    ):
        if getattr(args, name) < least:
            raise UsageError(f"--{name} {getattr(args, name)}: at least {least} is needed")


def _write(folder: Path, result: dict[str, Any], data: str, played: list[Played]) -> None:
    """All is made before anything is written."""
    drawing = curves.gates(played)
    html = pages.page(
        text.title(result),
        *pages.tables(text.tables(result)),
        pages.section("Gates", pages.image("gates.png", drawing)),
        pages.section("Limits", *(pages.paragraph(line) for line in text.limits(result))),
    )
    pages.write(
        folder, {"door.json": data.encode(), "gates.png": drawing, "report.html": html.encode()}
    )
