"""Measure the decision that the door really takes, N of M frames of one track, on films of people.

Each film is looked at once; its frames then go through the door's own pipeline again and again:
before each choice of enrolment film, as somebody enrolled and as a stranger, as a whole and in
windows that each begin afresh.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge import packs
from edge.config import Config, load
from edge.errors import OutputError, UsageError
from edge.outputs import replacing
from training.recognition.door import figures, frames, picture, tables, trials
from training.recognition.door.figures import Result
from training.recognition.door.films import look_at, read_people
from training.tables import markdown, show

TEMPLATES = 3
WIDTH = 160
"""Columns of a table that is not shown on a terminal."""
EXAMPLES = """\
examples:
  # everybody enrolled from each film in turn, the other films as probes
  python -m training.recognition windows --films clips --people clips/people.csv
  python -m training.recognition windows --pack new-pack --films clips --json \\
      --people clips/people.csv --report door --picture door.png
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add = parser.add_argument
    add("--pack", default="default", help="name or folder (default %(default)s)")
    add("--films", type=Path, required=True, metavar="DIR", help="folder of the films")
    add("--people", type=Path, required=True, metavar="CSV", help="columns clip,person")
    add("--config", type=Path, metavar="FILE", help="the door's configuration (default: built in)")
    add(
        "--templates",
        type=int,
        default=TEMPLATES,
        metavar="N",
        help="frames that enrolment takes of a film (default %(default)s)",
    )
    add("--window-s", type=float, default=1.0, metavar="S", help="length (default %(default)s)")
    add(
        "--step-s",
        type=float,
        default=0.25,
        metavar="S",
        help="from one window's begin to the next (default %(default)s)",
    )
    add("--json", action="store_true", help="print all figures as JSON and no tables")
    add("--markdown", type=Path, metavar="FILE", help="write the tables there")
    add("--picture", type=Path, metavar="PNG", help="write a timeline of each film there")
    add(
        "--report",
        type=Path,
        metavar="DIR",
        help="write windows.json, windows.md, windows.png and frames.csv into this folder",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, print, write. Raises UsageError, DataError, OutputError and what packs raise."""
    _check(args)
    console = Console(stderr=True)
    config = Config() if args.config is None else load(args.config)
    result = measure(args, config, console)
    data = figures.data(result)
    told = tables.tables(data)
    heading = f"The door on films: {data['pack']} {data['pack_version']}"
    text = json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    document = markdown(heading, told)
    if args.markdown is not None:
        _write(args.markdown, document)
    if args.picture is not None:
        picture.draw(args.picture, result)
    if args.report is not None:
        _report(args.report, result, text, document)
    if args.json:
        print(text, end="")
    else:
        console = Console()
        # A file or pipe has no width: there the tables have the room that they need.
        console.width = console.width if console.is_terminal else WIDTH
        show(console, told)
    return 0


def measure(args: argparse.Namespace, config: Config, console: Console) -> Result:
    """Looks at the films, enrols, plays."""
    listed = read_people(args.people, args.films)
    pack = packs.load(args.pack, threads=config.inference.threads)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        looking = progress.add_task("frames", total=None)

        def looked(name: str) -> None:
            progress.update(looking, advance=1, description=f"looking at {name}")

        films = look_at(pack, config, listed, looked)
        enrolled, refused = trials.enrol_all(pack, config, films, args.templates)
        planned = trials.plan(pack, films, enrolled)
        playing = progress.add_task("playing trials", total=len(planned))
        played = trials.play_all(
            pack,
            config,
            planned,
            window_s=args.window_s,
            step_s=args.step_s,
            watch=lambda: progress.advance(playing),
        )
    scores = frames.compare(films)
    return Result(
        pack, config, films, enrolled, refused, played, scores, args.window_s, args.step_s
    )


def _check(args: argparse.Namespace) -> None:
    for name in ("window_s", "step_s"):
        if not 0 < getattr(args, name) < float("inf"):
            option = name.replace("_", "-")
            raise UsageError(f"--{option} {getattr(args, name):g}: seconds above 0 are needed")
    if args.templates < 1:
        raise UsageError(f"--templates {args.templates}: at least 1 is needed")
    for path in (args.markdown, args.picture, args.report):
        if path is not None and not path.absolute().parent.is_dir():
            raise OutputError(f"{path}: there is no folder {path.parent} to write to")


def _report(folder: Path, result: Result, text: str, document: str) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error
    _write(folder / "windows.json", text)
    _write(folder / "windows.md", document)
    _write(folder / "frames.csv", frame_lines(result))
    picture.draw(folder / "windows.png", result)


def frame_lines(result: Result) -> str:
    """CSV of every frame of every whole film, a line for each trial that it was played in."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("film", "person", "right", "enrolled_from", "bound", "t", "usable", "recognised")
        + ("grant", "best", "score_right", "score_wrong", "motion", "failed")
    )
    for p in result.played:
        trial = p.trial
        sources = " ".join(f"{name}={film}" for name, film in trial.sources.items())
        about: list[Any] = [trial.probe.name, trial.probe.person, trial.right, sources, p.bound]
        for f in p.frames:
            said: list[Any] = [f.t, int(f.usable), f.recognised, f.grant, f.best, f.right, f.wrong]
            writer.writerow([*about, *said, f.motion, " ".join(f.failed)])
    return out.getvalue()


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
