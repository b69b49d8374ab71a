"""A film through the whole path, for eyes and for scripts:
`python -m edge.watch film.mp4 --out annotated.mp4 --jsonl frames.jsonl`"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from edge import console, packs
from edge.cameras import Camera, is_live, open_camera, uris
from edge.config import Config
from edge.console import Output
from edge.errors import UsageError
from edge.gallery import Gallery
from edge.packs import Pack
from edge.pipeline import Pipeline
from edge.render.film import CODECS
from edge.vault import FILE_NAME, Vault
from edge.watching.door import FilmDoor
from edge.watching.record import Summary, show_summary
from edge.watching.sinks import Sinks, Wanted
from edge.watching.view import View

UNEXPECTED = 1

EPILOG = f"""\
Plays a film (or folder, or camera) through the same path as the door and shows every gate of
every frame. The door is simulated on the film's own time; no lock is touched.

--out writes MPEG-4 for .mp4 and .mkv; for a film that browsers play, choose .webm (slower).
--jsonl - writes the lines to standard output, and the summary goes to standard error.

examples:
    python -m edge.watch film.mp4 --out annotated.mp4 --jsonl frames.jsonl --sheet sheet.png
    python -m edge.watch film.mp4 --state ./state --expect Ada      # exit code 1 if not so
    python -m edge.watch stranger.mp4 --expect nobody --json
    python -m edge.watch v4l2:///dev/video0 --limit-s 20 --show-candidates
    python -m edge.watch film.mp4 --jsonl - | jq -c '{{t, decision, score}}'

{console.EXIT_CODES}    1  --expect was not met (without --expect, any decision ends with 0)
"""


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    p = console.parser("edge.watch", "Show what the door would make of a film.", EPILOG)
    p.add_argument("source", metavar="URI", help="film, picture, folder, v4l2:///dev/videoN, ...")
    p.add_argument(
        "--out", type=Path, metavar="FILM", help="write the annotated film (.mp4 .mkv .avi .webm)"
    )
    p.add_argument(
        "--jsonl", type=Path, metavar="FILE", help="write one JSON object per frame; - is stdout"
    )
    p.add_argument("--sheet", type=Path, metavar="PNG", help="write a sheet of key frames")
    p.add_argument("--limit-s", type=float, metavar="S", help="stop after S seconds of the film")
    p.add_argument("--expect", metavar="NAME", help="who must be let in, or 'nobody'")
    p.add_argument(
        "--show-candidates",
        action="store_true",
        help="also name whom an unadmitted face resembles most, behind a '?'",
    )
    console.add_common(p)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    args = parser().parse_args(words)
    output = Output(as_json=getattr(args, "json", False))
    _check(args, output)
    config = console.read_config(args)
    inference = config.inference
    pack = packs.load(inference.pack, threads=inference.threads, provider=inference.provider)
    gallery = _gallery(config, pack, output)
    live = is_live(args.source)
    c = config.camera
    size = {"width": c.width, "height": c.height} if live else {}
    pipeline = Pipeline(pack, gallery, config)
    for note in pipeline.standing.notes:
        output.warn(f"the calibration is stale: {note}")
    with open_camera(args.source, fps=c.fps if live else None, **size) as camera:
        summary = _play(args, camera, pipeline, output)
    return _conclude(args, summary, pipeline, output)


def _check(args: argparse.Namespace, output: Output) -> None:
    """What can be known to be wrong before a film is decoded. Raises UsageError."""
    if args.limit_s is not None and not 0 < args.limit_s < float("inf"):
        raise UsageError(f"--limit-s {args.limit_s:g}: seconds above 0 are needed")
    if args.out is not None and str(args.out) == "-":
        raise UsageError("--out -: a film file is finished by going back to its start; name one")
    if args.out is not None and args.out.suffix.lower() not in CODECS:
        raise UsageError(f"--out {args.out}: a name that ends in {' '.join(CODECS)} is needed")
    if args.sheet is not None and args.sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageError(f"--sheet {args.sheet}: a name that ends in .png or .jpg is needed")
    if str(args.jsonl) == "-" and output.as_json:
        raise UsageError("--jsonl - and --json would both write to standard output; drop one")
    asked: list[Path | None] = [args.out, args.jsonl, args.sheet]
    named = [p.absolute() for p in asked if p is not None and str(p) != "-"]
    if len(set(named)) < len(named):
        raise UsageError("--out, --jsonl and --sheet must be different files")
    source = uris.path_of(args.source)
    for path in named:
        if not path.parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent} to write to")
        if source is not None and source.exists() and path.exists() and path.samefile(source):
            raise UsageError(f"{path}: is the film itself; it would be overwritten")


def _gallery(config: Config, pack: Pack, output: Output) -> Gallery:
    """Who is enrolled; nobody, with a warning, where no gallery has been made yet."""
    length = pack.manifest.roles.embedder.head.length
    state = config.state.dir
    if not (state / FILE_NAME).exists():
        output.warn(f"{state} has no gallery: nobody is enrolled, nobody can be admitted")
        return Gallery((), pack.embedder_sha256, length)
    with Vault(state, create=False) as vault:
        gallery = Gallery.load(vault, pack.embedder_sha256, length)
    if not len(gallery):
        output.warn(f"nobody is enrolled in {state}, nobody can be admitted")
    return gallery


def _play(args: argparse.Namespace, camera: Camera, pipeline: Pipeline, output: Output) -> Summary:
    """Every frame through the pipeline and to whatever was asked to be written."""
    summary = Summary()
    name = Path(args.source).name or args.source
    total = camera.frame_count
    if total is not None and args.limit_s is not None and camera.fps:
        total = min(total, round(args.limit_s * camera.fps) + 1)
    wanted = Wanted(args.out, args.jsonl, args.sheet, args.show_candidates)
    door: FilmDoor | None = None
    with Sinks(wanted, name, camera.fps) as sinks, View(output, total, name) as view:
        while (frame := camera.read()) is not None:
            if door is None:
                door = FilmDoor(pipeline.config.lock, frame.t)
            step = pipeline.step(frame)
            door.step(step)
            summary.add(step)
            sinks.add(frame, step, door)
            view.show(step, door_open=door.is_open, opened_for=door.opened_for)
            if args.limit_s is not None and summary.seconds >= args.limit_s:
                break
    summary.openings = [] if door is None else door.openings
    summary.cut_short = bool(getattr(camera, "cut_short", False))
    return summary


def _conclude(
    args: argparse.Namespace, summary: Summary, pipeline: Pipeline, output: Output
) -> int:
    """Print the summary; the exit code says whether what was expected happened."""
    data = {"source": args.source, **summary.as_json()}
    data["calibration"] = pipeline.standing.calibration
    data["written"] = [str(p) for p in (args.out, args.jsonl, args.sheet) if p is not None]
    met = True
    if args.expect is not None:
        met = summary.met(args.expect)
        data["expected"] = {"person": args.expect, "met": met}

    def show(out: Console) -> None:
        show_summary(out, args.source, summary)
        if not met:
            got = ", ".join(summary.people) or "nobody"
            out.print(f"[red]expected {escape(args.expect)}, admitted {escape(got)}[/]")

    # Standard output belongs to the lines when they go there.
    speaker = output.err if args.jsonl is not None and str(args.jsonl) == "-" else output.out
    output.result(data, show, to=speaker)
    if not met and args.expect not in ("nobody", *pipeline.gallery.names):
        output.warn(f"nobody named {args.expect!r} is enrolled")
    return 0 if met else UNEXPECTED


if __name__ == "__main__":
    sys.exit(main())
