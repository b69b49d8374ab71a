"""The score that a face must reach at this door: `python -m edge.calibrate`, and its evidence."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from rich.console import Console
from rich.markup import escape

from edge import console, packs
from edge.calibration import apply, explain, recording
from edge.calibration.picture import picture
from edge.calibration.play import play
from edge.config import DEFAULT_PATH, Config, located
from edge.console import Output
from edge.errors import ConfigError, UsageError
from edge.gallery import Gallery
from edge.outputs import write_picture
from edge.pipeline import Pipeline
from edge.vault import Vault

EPILOG = f"""\
Without options: the bound for decision.target_fpir and the people enrolled now, from the model
pack's impostor curve, written into the configuration as [calibration]. The rest of the file,
comments too, stays as it is. `python -m edge.enroll` derives it anew when people change.

--record plays films or a camera with people who are NOT enrolled and writes each track's best
score, no pictures, names or templates. --impostors takes such a file into account: strangers
who score too high raise the bound; they lower it only when there are enough of them to demonstrate
the target (docs/calibration.md).

examples:
    sudo python -m edge.calibrate
    python -m edge.calibrate --explain --dry-run
    python -m edge.calibrate --target 1e-4 --config face-gate.toml --state ./state
    python -m edge.calibrate --record v4l2:///dev/video0 --limit-s 3600 --scores strangers.json
    python -m edge.calibrate --record bob.mp4 eve.mp4 --one-each --scores strangers.csv
    python -m edge.calibrate --impostors strangers.json --picture calibration.png

{console.EXIT_CODES}"""


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    p = console.parser("edge.calibrate", "Derive the score that a face must reach.", EPILOG)
    p.add_argument(
        "--target",
        type=float,
        metavar="FPIR",
        help="share of strangers who may match (default: decision.target_fpir; not less strict)",
    )
    strangers = p.add_mutually_exclusive_group()
    strangers.add_argument(
        "--impostors", type=Path, metavar="FILE", help="recorded strangers, .json or .csv"
    )
    strangers.add_argument(
        "--forget-impostors",
        action="store_true",
        help="leave out the strangers of an earlier calibration",
    )
    strangers.add_argument(
        "--record",
        nargs="+",
        metavar="URI",
        help="films or a camera with people who are not enrolled; writes --scores, nothing else",
    )
    p.add_argument("--scores", type=Path, metavar="FILE", help="where --record writes")
    p.add_argument("--limit-s", type=float, metavar="S", help="record S seconds of each source")
    p.add_argument(
        "--one-each",
        action="store_true",
        help="each recorded source shows one person, another in each (else told by the faces)",
    )
    p.add_argument("--dry-run", action="store_true", help="write nothing into the configuration")
    p.add_argument("--explain", action="store_true", help="the reasoning in plain words")
    p.add_argument("--picture", type=Path, metavar="PNG", help="draw curve, scores and bound")
    console.add_common(p)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    args = parser().parse_args(words)
    output = Output(as_json=getattr(args, "json", False))
    config = console.read_config(args)
    _check(args, config)
    return (_calibrate if args.record is None else _record)(args, config, output)


def _check(args: argparse.Namespace, config: Config) -> None:
    """What can be known to be wrong before anything is read. Raises UsageError."""
    target, asked = args.target, config.decision.target_fpir
    if target is not None and not 0 < target <= asked:
        raise UsageError(
            f"--target {target:g}: above 0 and at most decision.target_fpir = {asked:g}, which the "
            "door goes by; for a less strict door change that option"
        )
    if (args.record is None) != (args.scores is None):
        raise UsageError("--record and --scores go together: what to record, and where to")
    if args.record is None and (args.limit_s is not None or args.one_each):
        raise UsageError("--limit-s and --one-each are for --record")
    if args.record is not None and (
        args.dry_run or args.explain or args.picture or args.target is not None
    ):
        raise UsageError(
            "--record only writes --scores; calibrate with them afterwards: --impostors"
        )
    if args.limit_s is not None and not 0 < args.limit_s < float("inf"):
        raise UsageError(f"--limit-s {args.limit_s:g}: seconds above 0 are needed")
    for option, path, suffixes in (
        ("--scores", args.scores, recording.SUFFIXES),
        ("--impostors", args.impostors, recording.SUFFIXES),
        ("--picture", args.picture, (".png", ".jpg", ".jpeg")),
    ):
        if path is not None and path.suffix.lower() not in suffixes:
            raise UsageError(f"{option} {path}: a name that ends in {' or '.join(suffixes)}")
        if path is not None and not path.absolute().parent.is_dir():
            raise UsageError(f"{option} {path}: there is no folder {path.parent}")


def _calibrate(args: argparse.Namespace, config: Config, output: Output) -> int:
    path = located(getattr(args, "config", None))
    if path is None and not args.dry_run:
        raise ConfigError(
            f"there is no configuration to write into: make {DEFAULT_PATH} (an example is "
            "firmware_configs/face-gate.toml), name one with --config, or use --dry-run"
        )
    wish = apply.Wish(args.target, args.impostors, args.forget_impostors)
    if args.dry_run:
        outcome = apply.preview(config, wish)
    else:
        outcome = apply.calibrate(path, getattr(args, "state", None), wish)
    if args.picture is not None:
        write_picture(args.picture, picture(outcome))
    notes = explain.warnings(outcome, config.decision.target_fpir)
    for note in notes:
        output.warn(note)
    written = outcome.written

    def show(out: Console) -> None:
        if args.explain:
            for text in explain.words(outcome.derived):
                out.print(escape(fill(text, 88)) + "\n")
        explain.show(out, outcome, None if written is None else str(written))
        if written is not None:
            out.print("a running service takes it up with `systemctl reload face-gate`")

    output.result(explain.as_json(outcome, notes), show)
    return 0


def _record(args: argparse.Namespace, config: Config, output: Output) -> int:
    inference = config.inference
    pack = packs.load(inference.pack, threads=inference.threads, provider=inference.provider)
    with Vault(config.state.dir, create=False) as vault:
        gallery = Gallery.load(
            vault, pack.embedder_sha256, pack.manifest.roles.embedder.head.length
        )
    recorder, found = play(
        args.record, Pipeline(pack, gallery, config), args.limit_s, args.one_each, output
    )
    recording.write(args.scores, found)
    for source, person in recorder.admitted:
        output.warn(
            f"{source}: the door would have let this face in as {person}. If it is {person}, "
            "record again without them: these are to be strangers"
        )
    assert recorder.highest is not None
    source, person, score = recorder.highest
    data = {
        "written": str(args.scores),
        "tracks": len(found.tracks),
        "people": len({t.person for t in found.tracks}),
        "strangers": found.strangers,
        "frames": recorder.frames,
        "compared": recorder.compared,
        "highest": {"source": source, "resembles": person, "score": score},
        "admitted": [{"source": s, "person": p} for s, p in recorder.admitted],
    }

    def show(out: Console) -> None:
        out.print(
            f"{data['tracks']} tracks of {data['people']} people, {found.strangers} of them long "
            f"enough to be admitted; best score {score:.4f} ({escape(source)}, like "
            f"{escape(person)})"
        )
        out.print(
            f"written to {escape(str(args.scores))}; take it into account with "
            f"`python -m edge.calibrate --impostors {escape(str(args.scores))}`"
        )

    output.result(data, show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
