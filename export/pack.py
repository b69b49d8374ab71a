"""Makes a pack of our own networks: checkpoints to ONNX, to 8 bits where that pays, to a folder.

What is not given is copied from the base pack. Pictures for calibration are split by person as in
training: ranges come from people whom the trainings saw, the report from those they did not.

Examples:
  # LFW: lfw/PERSON/PERSON_0001.jpg
  python -m export.pack --detector runs/detector/best.ckpt --landmarks runs/landmarks/best.ckpt \\
      --age-gender runs/landmarks/best.ckpt --embedder runs/student/best.ckpt \\
      --calibrate lfw.tar --measure lfw.tar --same-camera-shift 0.05 \\
      --name own --pack-version 1.0 --out new-pack --report report
  # another curve for a pack that is there
  python -m training.recognition evaluate --pack new-pack --data lfw.tar --scores scores.toml
  python -m export.pack --base new-pack --scores scores.toml --out newer-pack

METHOD and MODE may be given for one network alone: --int8 detector=never landmarks=always.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from rich.console import Console
from rich.table import Table

from edge.errors import UsageError
from training import cli

from . import assemble, ours
from .assemble import Order
from .convert import Converted, Int8
from .ours import Settings
from .ranges import METHODS, Method

MODES: tuple[Int8, ...] = ("auto", "always", "never")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code, or raises one of our errors (see `training.cli.run`)."""
    order = _order(_parser().parse_args(argv))
    torch.set_num_threads(1)  # one order of summation: the same bytes on every machine
    console = Console(stderr=True)
    found, notes = assemble.make(order, console)
    if found:
        Console().print(_table(found))
        for c in found:
            console.print(f"{c.net.role}: {c.why}", markup=False, highlight=False, soft_wrap=True)
    for note in notes:
        console.print(note, markup=False, soft_wrap=True)
    console.print(f"wrote {order.out}", markup=False, soft_wrap=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = cli.parser("export.pack", heading, rest)
    settings = Settings()
    group = parser.add_argument_group("networks")
    for role in ours.ROLES:
        flag = f"--{role.replace('_', '-')}"
        group.add_argument(flag, type=Path, metavar="CKPT", help=f"checkpoint for {role}")
    add = parser.add_argument
    add("--base", default="default", metavar="PACK", help="'default' or a folder (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="the new pack's folder")
    add("--force", action="store_true", help="replace the pack in --out")
    add("--name", help="of the pack (default: the base's)")
    add("--pack-version", metavar="V", help="of the pack (default: the base's)")
    add("--summary", help="one line (default: the base's)")
    add("--report", type=Path, metavar="DIR", help="write report.json and report.md there")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--scores",
        type=Path,
        metavar="FILE.toml",
        help="impostor curve of python -m training.recognition evaluate --scores",
    )
    which.add_argument(
        "--measure",
        type=Path,
        metavar="FOLDER_OR_TAR",
        help="measure the impostor curve with the new pack: PERSON/anything.jpg, people whom no "
        "training saw",
    )
    which.add_argument(
        "--keep-scores",
        action="store_true",
        help="keep the base's curve though other crops give other scores: until they are measured",
    )
    add(
        "--same-camera-shift",
        type=float,
        metavar="COSINE",
        help="added to each bound: people before one camera are more alike (default: the base's)",
    )
    group = parser.add_argument_group("pictures")
    add = group.add_argument
    add("--calibrate", type=Path, nargs="+", default=[], metavar="FOLDER_OR_TAR")
    add("--pictures", type=int, default=300, metavar="N", help="of each set (default %(default)s)")
    add(
        "--held-back",
        nargs="+",
        default=[],
        metavar="PERSON",
        help="people kept out of training besides training.split's; as in the training command",
    )
    group = parser.add_argument_group("8 bits")
    add = group.add_argument
    add("--int8", nargs="+", default=["auto"], metavar="[ROLE=]MODE", help=", ".join(MODES))
    add(
        "--calibration",
        nargs="+",
        default=["auto"],
        metavar="[ROLE=]METHOD",
        help=f"auto, {', '.join(METHODS)}; auto compares them",
    )
    add(
        "--bound",
        nargs="+",
        default=[],
        metavar="MEASURE=VALUE",
        help="largest mean error of 8 bits (score, box, points, confidence, pose, embedding, age, "
        "gender)",
    )
    group = parser.add_argument_group("manifest")
    add = group.add_argument
    add("--score-threshold", type=float, default=settings.score, help="default %(default)s")
    add("--second-threshold", type=float, default=settings.second, help="default %(default)s")
    add("--iou-threshold", type=float, default=settings.iou, help="default %(default)s")
    kept = "default %s, or the base's where its network stays"
    add("--min-confidence", type=float, help=kept % settings.min_confidence)
    add("--live-bound", type=float, help=kept % settings.live)
    add("--passes", type=int, default=settings.passes, help="of landmarks (default %(default)s)")
    add("--licence", default=settings.licence, help="of the weights (default: %(default)s)")
    add(
        "--commercial-use",
        choices=("allowed", "forbidden"),
        default=settings.commercial_use,
        help="default %(default)s",
    )
    return parser


def _order(args: argparse.Namespace) -> Order:
    checkpoints = {role: path for role in ours.ROLES if (path := getattr(args, role)) is not None}
    wanted = (args.scores, args.measure, args.min_confidence, args.live_bound)
    if not checkpoints and all(v is None for v in wanted):
        raise UsageError(
            "nothing to do: give a checkpoint (--detector, ...), --scores, --measure or a bound"
        )
    for name in ("min_confidence", "live_bound"):
        if (value := getattr(args, name)) is not None and not 0 <= value <= 1:
            raise UsageError(f"--{name.replace('_', '-')} is one of 0..1, not {value:g}")
    if checkpoints and not args.calibrate:
        raise UsageError("--calibrate is needed with a checkpoint: the report needs faces, too")
    if args.pictures < 8:
        raise UsageError(f"--pictures must be at least 8, not {args.pictures}")
    if "embedder" in checkpoints and (
        not (args.scores or args.measure) or args.same_camera_shift is None
    ):
        raise UsageError(
            "another embedder has other scores: give --measure (or --scores), and "
            "--same-camera-shift (training.recognition windows suggests one)"
        )
    measured = args.scores or args.measure or args.keep_scores
    if {"detector", "landmarks"} & set(checkpoints) and not measured:
        raise UsageError(
            "another detector or landmark network cuts other crops, and the embedder's curve was "
            "measured on the base's: give --measure or --scores, or --keep-scores until it is "
            "measured"
        )
    base = Settings()
    settings = Settings(
        score=args.score_threshold,
        second=args.second_threshold,
        iou=args.iou_threshold,
        min_confidence=_or(args.min_confidence, base.min_confidence),
        live=_or(args.live_bound, base.live),
        passes=args.passes,
        licence=args.licence,
        commercial_use=args.commercial_use,
    )
    methods = _by_role("--calibration", args.calibration, ("auto", *METHODS))
    return Order(
        checkpoints=checkpoints,
        base=args.base,
        out=args.out,
        force=args.force,
        names={"name": args.name, "version": args.pack_version, "summary": args.summary},
        settings=settings,
        pictures=tuple(args.calibrate),
        limit=args.pictures,
        held_back=tuple(args.held_back),
        int8=cast("Mapping[str, Int8]", _by_role("--int8", args.int8, MODES)),
        methods={r: None if m == "auto" else cast("Method", m) for r, m in methods.items()},
        bounds=_bounds(args.bound),
        scores=args.scores,
        measure=args.measure,
        shift=args.same_camera_shift,
        confidence=args.min_confidence,
        live=args.live_bound,
        report=args.report,
    )


def _or(given: float | None, default: float) -> float:
    return default if given is None else given


def _by_role(flag: str, words: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """`auto`, `detector=never` ... as a value for every role; one with a role wins."""
    general, special = "auto", {}
    for word in words:
        role, _, value = word.rpartition("=")
        if value not in known or role not in ("", *ours.ROLES):
            raise UsageError(
                f"{flag}: {word!r} is not [ROLE=]VALUE with a role of {', '.join(ours.ROLES)} and "
                f"a value of {', '.join(known)}"
            )
        if role:
            special[role] = value
        else:
            general = value
    return {role: special.get(role, general) for role in ours.ROLES}


def _bounds(words: Sequence[str]) -> dict[str, float]:
    found = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise UsageError(f"--bound: {word!r} is not MEASURE=VALUE") from None
        if not found[name] > 0:
            raise UsageError(f"--bound: {name} must be above 0")
    return found


def _table(found: Sequence[Converted]) -> Table:
    table = Table("network", "shipped", "kB", "ms float", "ms 8 bits", "worst error of 8 bits")
    for c in found:
        worst = max(
            ((c.errors[m.name] / m.bound, m.name) for m in c.net.measures if m.name in c.errors),
            default=None,
        )
        table.add_row(
            c.net.role,
            c.kind,
            f"{len(c.data) / 1000:.0f}",
            "–" if c.latency is None else f"{c.latency.float_ms:.2f}",
            "–" if c.latency is None else f"{c.latency.int8_ms:.2f}",
            "–" if worst is None else f"{worst[1]} {worst[0]:.2f} of bound",
        )
    return table


if __name__ == "__main__":
    cli.leave(main)
